import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { chromium } from 'playwright-core';
import { withLock } from '#cli/setup/lock.mjs';
import { root } from '#cli/setup.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const ON_MACOS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

const HELP = `The page is tested in a real Chromium, and there is none. Any of these will do:
  Debian, Ubuntu:  sudo apt install chromium
  macOS:           brew install --cask google-chrome
  elsewhere:       CHROMIUM=<path of a Chrome or Chromium> npm run test:site`;

/** A Chromium of this machine, or else, on Linux, the one that comes as an npm package. Throws with what to install. */
export async function findChromium(): Promise<string> {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM) {
    if (existsSync(CHROMIUM)) return CHROMIUM;
    throw new Error(`CHROMIUM is ${CHROMIUM}, and there is no such file`);
  }
  const onPath = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = [...onPath, ...ON_MACOS, chromium.executablePath()].find((path) => existsSync(path));
  if (found) return found;
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(HELP);
  return packaged();
}

/**
 * The Chromium of a package, unpacked once below `.presage/`. The package is no dependency of the project: 60 MB that only
 * these tests need. Its own code starts a browser inside Lambda and is not used.
 */
async function packaged(): Promise<string> {
  const from = join(import.meta.dirname, 'chromium');
  const { dependencies } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  const folder = join(root, '.presage/browser', dependencies['@sparticuz/chromium']);
  const path = join(folder, 'chromium');
  await withLock(
    join(root, '.presage/browser.lock'),
    () => {},
    async () => {
      if (existsSync(path)) return;
      mkdirSync(folder, { recursive: true });
      for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(from, file), join(folder, file));
      console.log('No Chromium on this machine: installing the one of @sparticuz/chromium for these tests …');
      const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
        cwd: folder,
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`${HELP}\nInstalling one from the npm registry failed too:\n${stderr}`);
      await pipeline(
        createReadStream(join(folder, 'node_modules/@sparticuz/chromium/bin/chromium.br')),
        createBrotliDecompress(),
        createWriteStream(`${path}.draft`),
      );
      chmodSync(`${path}.draft`, 0o755);
      renameSync(`${path}.draft`, path);
    },
  );
  return path;
}
