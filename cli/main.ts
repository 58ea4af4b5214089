import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Context, inContext } from '#cli/context.ts';
import { type ParameterOption, parameterOptions } from '#cli/run/parameters.ts';
import { environments } from '#lib/environments.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';

const environmentOption = () =>
  new Option('--env <name>', 'environment').choices(Object.keys(environments)).default('local');

/** The `presage` command: gives the exit code (0 succeeded, 1 failed, 2 wrong usage) or throws a Problem. */
export async function presage(argv: string[]): Promise<number> {
  let code = 0;
  const inside = (command: (context: Context) => Promise<number>) => async () => {
    code = await inContext(command);
  };
  const program = new Command('presage')
    .description('Daily predictions about customers, on your laptop and in your AWS account')
    .option('--debug', 'print stack traces')
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(withHint(text)) });
  const command = (name: string) => program.command(name).option('--debug', 'print stack traces').exitOverride();

  const parameters = argv.includes('run') ? parameterOptions(await loadPipelines()) : [];
  const run = command('run')
    .argument('<pipeline>', 'what to run, for example buyer-stage')
    .description('one run of a pipeline for one day: tables, model, predictions')
    .addOption(environmentOption())
    .option('--date <day>', 'run date, YYYY-MM-DD (default: the newest day in the sources, or the day after)', day)
    .option('--data <folder>', 'your own source tables instead of the sample data (local only)')
    .option('--out <folder>', 'put run.json, the tables, the predictions and further files there; must be new or empty')
    .option('--state <folder>', 'keep the local environment there (local only)')
    .addOption(new Option('--only <machine>', 'only one of the two state machines').choices(['etl', 'ml']))
    .option('--train', 'train a new model, whatever the age of the present one')
    .option('--no-train', 'never train, use the present model')
    .addOption(
      new Option('--service <name>', 'train a model, serve predictions of the present one, or both').choices([
        'train',
        'serve',
        'both',
      ]),
    )
    .option('--validate', 'also compare the tables with the same queries on Athena');
  for (const { flags, description } of parameters) run.option(flags, description);
  run.action((pipeline, options) =>
    inside(async (context) =>
      (await import('#cli/commands/run.ts')).run(context, pipeline, { ...options, ...given(parameters, options) }),
    )(),
  );

  command('up')
    .description('everything on this machine until Ctrl-C: local cloud, pipelines, API, page, schedules')
    .option('--only <names>', 'only these pipelines, with commas between them: vouchers,reorder')
    .addOption(
      new Option('--port <number>', 'where page and API answer on 127.0.0.1').argParser(port).default(0, 'a free one'),
    )
    .option('--run', 'run every pipeline, also those that have predictions')
    .option('--state <folder>', 'keep the local environment there; a later `up` with it goes on with what there is')
    .action(async (options) => {
      code = await (await import('#cli/commands/up.ts')).up(options);
    });

  command('query')
    .argument('<sql>', 'a query in Athena’s SQL')
    .description('ask the tables of an environment')
    .addOption(environmentOption())
    .option('--state <folder>', 'the local environment to ask, as given to `presage run` (local only)')
    .addOption(new Option('--format <format>', 'how to print rows').choices(['table', 'csv', 'json']).default('table'))
    .action((sql, options) =>
      inside(async (context) => (await import('#cli/commands/query.ts')).query(context, sql, options))(),
    );

  command('predictions')
    .argument('<pipeline>', 'whose predictions, for example reorder')
    .argument('<key...>', 'the columns of the key, or the first alone for all predictions below it')
    .description('the newest predictions of a key, with model and age, as JSON')
    .addOption(environmentOption())
    .option('--state <folder>', 'the local environment to ask, as given to `presage run` (local only)')
    .action((pipeline, key, options) =>
      inside(async (context) =>
        (await import('#cli/commands/predictions.ts')).predictions(context, pipeline, key, options),
      )(),
    );

  command('token')
    .description('a token for the API of an environment')
    .addOption(environmentOption())
    .option('--state <folder>', 'the local environment to ask, as given to `presage run` (local only)')
    .option('--scope <name...>', 'only these scopes, for example reorder.read (default: all there are)')
    .action((options) => inside(async (context) => (await import('#cli/commands/token.ts')).token(context, options))());

  command('status')
    .description('how an environment is: stacks, last runs, alarms, age of the predictions, endpoints, API')
    .addOption(environmentOption())
    .option('--state <folder>', 'the local environment to ask, as given to `presage run` or `up` (local only)')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExit code: 0 when all is well, 1 when something is wrong or could not be asked for.')
    .action((options) =>
      inside(async (context) => (await import('#cli/commands/status.ts')).status(context, options))(),
    );

  command('doctor')
    .description('check what Presage needs on this machine, or in an AWS environment')
    .addOption(environmentOption())
    .action((options) =>
      inside(async (context) => (await import('#cli/commands/doctor.ts')).doctor(context, options))(),
    );

  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed its message
    throw error;
  }
  return code;
}

/** Values of the pipelines' own parameters, by their names in the definitions. */
function given(parameters: ParameterOption[], options: Record<string, string>) {
  // As commander names them: `--min-age` is `minAge`.
  const attribute = (flags: string) => new Option(flags).attributeName();
  const values = parameters.map(({ parameter, flags }) => [parameter, options[attribute(flags)]] as const);
  return {
    parameterOptions: parameters,
    parameters: Object.fromEntries(values.filter(([, value]) => value !== undefined)),
  };
}

function withHint(text: string): string {
  return text.startsWith('error:') ? `${text.trimEnd()}\nSee \`npx presage --help\`.\n` : text;
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > 65_535)
    throw new InvalidArgumentError('Use a number from 1 to 65535.');
  return number;
}

/** A day of the calendar: 2026-02-30 is none. */
function day(text: string): string {
  const date = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text))
    throw new InvalidArgumentError('Use a day as YYYY-MM-DD.');
  return text;
}
