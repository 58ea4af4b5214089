import { join } from 'node:path';
import { synthesize } from '#lib/app.ts';

/** The environment dev as `cdk synth` makes it, into the folder given. */
const out = process.argv[2] as string;
const app = await synthesize({
  dist: join(out, 'dist'),
  app: { outdir: join(out, 'cdk.out'), context: { environment: 'dev' } },
});
app.synth();
