import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { literal } from '#lib/sql/sql-text.ts';
import { endOf } from '../python-lines.ts';
import type { Answer, Cell, TestTable } from './engines.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');
const project = path.join(here, '../trino');

const START_SECONDS = 240;

/** About the length of an INSERT; Trino takes a million characters at most. */
const CHARACTERS_AT_ONCE = 200_000;

interface Page {
  nextUri?: string;
  columns?: { name: string; type: string }[];
  data?: Cell[][];
  error?: { errorName: string; message: string };
}

/** The engine behind Athena, as a process of this test. `close` ends it; it also ends with this process. */
export class Trino {
  private readonly child: ChildProcess;
  private readonly url: string;
  private readonly log: () => string;
  private readonly loaded = new Map<string, Cell[][]>();

  private constructor(child: ChildProcess, url: string, log: () => string) {
    this.child = child;
    this.url = url;
    this.log = log;
  }

  static async start(): Promise<Trino> {
    const java = java17();
    const jars = libraries(java.home);
    const child = spawn(
      java.command,
      ['-Xmx2g', '--add-opens=java.base/java.nio=ALL-UNNAMED', '-cp', `${jars}/*`, path.join(project, 'Judge.java')],
      { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, TZ: 'UTC' } },
    );
    let said = '';
    const url = await new Promise<string>((resolve, reject) => {
      child.stderr?.on('data', (data: Buffer) => {
        said = (said + data).slice(-4000);
      });
      child.stdout?.on('data', (data: Buffer) => {
        const address = /LISTENING (\S+)/.exec(String(data))?.[1];
        if (!address) return;
        clearTimeout(late);
        resolve(address);
      });
      child.on('error', reject);
      const late = setTimeout(() => {
        child.kill();
        reject(new Error(`Trino did not listen within ${START_SECONDS} seconds:\n${said}`));
      }, START_SECONDS * 1000);
      child.on('exit', (code) => {
        clearTimeout(late);
        reject(new Error(`Trino ended with ${code} before it listened:\n${said}`));
      });
    });
    return new Trino(child, url, () => said);
  }

  /** A table that is there already as it is stays. */
  async load(name: string, table: TestTable): Promise<void> {
    if (this.loaded.get(name) === table.rows) return;
    this.loaded.delete(name);
    const columns = Object.entries(table.columns);
    await this.query(`DROP TABLE IF EXISTS ${name}`);
    await this.query(`CREATE TABLE ${name} (${columns.map(([column, type]) => `${column} ${type}`).join(', ')})`);
    const rows = table.rows.map((row) => `(${row.map((cell, i) => cellSql(cell, columns[i]?.[1] ?? '')).join(', ')})`);
    const rowsAtOnce = Math.max(1, Math.floor(CHARACTERS_AT_ONCE / ((rows[0]?.length ?? 0) + 2)));
    for (let from = 0; from < rows.length; from += rowsAtOnce)
      await this.query(`INSERT INTO ${name} VALUES ${rows.slice(from, from + rowsAtOnce).join(', ')}`);
    this.loaded.set(name, table.rows);
  }

  /** Throws Trino's error name and message. */
  async query(sql: string): Promise<Answer> {
    const headers = { 'X-Trino-User': 'test', 'X-Trino-Catalog': 'memory', 'X-Trino-Schema': 'default' };
    let page: Page = await this.call(`${this.url}/v1/statement`, { method: 'POST', body: sql, headers });
    const answer: Answer = { columns: [], types: [], rows: [] };
    for (;;) {
      if (page.error) throw new Error(`${page.error.errorName}: ${page.error.message}`);
      if (page.columns) {
        answer.columns = page.columns.map((column) => column.name);
        answer.types = page.columns.map((column) => column.type);
      }
      answer.rows.push(...(page.data ?? []));
      if (!page.nextUri) return answer;
      page = await this.call(page.nextUri, { headers });
    }
  }

  close(): Promise<void> {
    return endOf(this.child);
  }

  private async call(url: string, init: RequestInit): Promise<Page> {
    for (;;) {
      const response = await fetch(url, init).catch((error: Error) => {
        const ended = this.child.exitCode ?? this.child.signalCode ?? 'no';
        throw new Error(`Trino does not answer (${error.cause}; exit code ${ended}):\n${this.log()}`);
      });
      if (response.ok) return (await response.json()) as Page;
      if (response.status !== 503) throw new Error(`Trino answered ${response.status}: ${await response.text()}`);
    }
  }
}

/** JDK 17 of the machine: Trino 435 runs on no other, and needs its compiler. */
function java17() {
  const homes = [process.env.JAVA_HOME_17, process.env.JAVA_HOME].filter((home): home is string => Boolean(home));
  const commands = [...homes.map((home) => path.join(home, 'bin/java')), 'java'];
  const seen: string[] = [];
  for (const command of commands) {
    const asked = spawnSync(command, ['-XshowSettings:properties', '-version'], { encoding: 'utf8' });
    const home = /java\.home = (.+)/.exec(asked.stderr ?? '')?.[1]?.trim();
    const version = /java\.specification\.version = (\S+)/.exec(asked.stderr ?? '')?.[1];
    if (home && version === '17' && existsSync(path.join(home, 'bin/javac'))) return { command, home };
    seen.push(
      version ? `${command} is Java ${version}${version === '17' ? ' without a compiler' : ''}` : `no ${command}`,
    );
  }
  throw new Error(
    `The golden test needs a JDK 17 for Trino 435 (${seen.join('; ')}): install one and set JAVA_HOME_17 to it`,
  );
}

/** The jars, fetched by Maven once for each state of the pom. */
function libraries(javaHome: string): string {
  const pom = path.join(project, 'pom.xml');
  const version = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const folder = path.join(root, 'node_modules/.cache/presage', `trino-${version}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
  const made = spawnSync('mvn', ['-q', '-B', '-f', pom, copy, `-DoutputDirectory=${draft}`], {
    encoding: 'utf8',
    env: { ...process.env, JAVA_HOME: javaHome },
  });
  if (made.error || made.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    if (made.error) throw new Error('The golden test needs Maven to fetch Trino 435: install it, mvn is not there');
    throw new Error(`Maven could not fetch Trino 435:\n${made.stdout}${made.stderr}`);
  }
  renameSync(draft, folder);
  return folder;
}

function cellSql(cell: Cell, type: string): string {
  if (cell === null) return 'NULL';
  if (Array.isArray(cell)) throw new Error('no arrays in test tables');
  if (typeof cell === 'number') return type === 'double' ? `DOUBLE '${cell}'` : String(cell);
  if (typeof cell === 'boolean') return String(cell);
  return type === 'varchar' ? literal(cell) : `${type} ${literal(cell)}`;
}
