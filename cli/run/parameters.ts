import { optionName } from '#lambdas/shared/message.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/** A parameter of one or several pipelines as an option of `presage run`. */
export interface ParameterOption {
  /** In the definitions and in the queries. */
  parameter: string;
  /** `--country <text>` */
  flags: string;
  description: string;
  pipelines: string[];
}

/** An option for each parameter that any pipeline has. */
export function parameterOptions(pipelines: Record<string, Pipeline>): ParameterOption[] {
  const found = new Map<string, ParameterOption>();
  for (const { name, parameters } of Object.values(pipelines))
    for (const [parameter, { says }] of Object.entries(parameters)) {
      const known = found.get(parameter) ?? {
        parameter,
        flags: `--${optionName(parameter)} <text>`,
        description: '',
        pipelines: [],
      };
      known.pipelines.push(name);
      known.description = [known.description, `${name}: ${says}`].filter(Boolean).join('; ');
      found.set(parameter, known);
    }
  return [...found.values()];
}

/** What was given on the command line, and what of it the pipeline does not know. */
export function parametersGiven(
  pipeline: Pipeline,
  options: ParameterOption[],
  given: Record<string, string>,
): { values: Record<string, string>; problems: string[] } {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const { parameter, pipelines } of options) {
    const value = given[parameter];
    if (value === undefined) continue;
    if (pipeline.parameters[parameter]) values[parameter] = value;
    else problems.push(`--${optionName(parameter)} is for ${pipelines.join(', ')}: ${pipeline.name} does not have it.`);
  }
  return { values, problems };
}
