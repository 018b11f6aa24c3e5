import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function installed(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether this machine has a Redis server; Debian's package is redis-server. */
export const hasRedis: boolean = installed();

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface Redis {
  url: string;
  /** Kills the server and starts it again; without `keep` it has forgotten everything. */
  restart(options: { keep: boolean; downMs: number }): Promise<void>;
  stop(): Promise<void>;
}

/** A real Redis server on loopback that writes every command to its log. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  let folder = mkdtempSync(join(tmpdir(), 'pleat-redis-'));
  let server: ChildProcess;
  const begin = async () => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    args.push('--appendonly', 'yes', '--appendfsync', 'always');
    server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise<void>((resolve, reject) => {
      server.on('exit', () => reject(new Error('redis-server did not start')));
      server.stdout!.on('data', (text) => {
        if (String(text).includes('Ready to accept connections')) resolve();
      });
    });
    server.removeAllListeners('exit');
  };
  const end = async () => {
    const exited = new Promise((resolve) => server.on('exit', resolve));
    server.kill('SIGKILL');
    await exited;
  };
  await begin();
  return {
    url: `redis://127.0.0.1:${port}`,
    restart: async ({ keep, downMs }) => {
      await end();
      if (!keep) folder = mkdtempSync(join(tmpdir(), 'pleat-redis-'));
      await new Promise((resolve) => setTimeout(resolve, downMs));
      await begin();
    },
    stop: end,
  };
}
