#!/usr/bin/env node
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { synthesize } from '#lib/app.ts';

/** The CDK app: a Stage per environment; `-c environment=dev` makes one alone. Two at once need a `PRESAGE_DIST` each. */
const dist = process.env.PRESAGE_DIST ?? join(fileURLToPath(new URL('..', import.meta.url)), 'dist');
(await synthesize({ dist })).synth();
