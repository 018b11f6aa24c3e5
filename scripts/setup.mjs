// Installs and builds everything, from npm alone; does nothing twice. `npm run demo` and `npm test` call it.
import { pnpm } from './pnpm.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Pleat needs Node.js 20.19 or later; this is ${process.versions.node}. Install a newer one from https://nodejs.org and try again.`,
  );
  process.exit(1);
}

const env = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  // A terminal question about removing node_modules would block an unattended run.
  CI: process.env.CI ?? 'true',
};
for (const args of [
  ['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only', '--loglevel=warn'],
  ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'],
]) {
  const status = pnpm(args, { env });
  if (status !== 0) {
    console.error(`Setting up failed at \`pnpm ${args.join(' ')}\` (exit status ${status}).`);
    process.exit(status);
  }
}
