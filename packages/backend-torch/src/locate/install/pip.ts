import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TorchInstallError } from '../errors.ts';
import { runProgram } from './child.ts';
import { type ProgressListener, watchLargestFile } from './progress.ts';

/** Which pip to run, and where it may write. */
export interface Pip {
  python: string;
  /** Scratch folder on the disk the copy will lie on; pip's temporary files go there too. */
  scratch: string;
  signal: AbortSignal | undefined;
}

/** A wheel that pip chose for this machine. */
export interface Wheel {
  version: string;
  /** Digest that the index, or for a local file pip, gives. */
  sha256: string;
  /** Whether it works only together with CUDA's own wheels. */
  needsCuda: boolean;
}

/** Asks pip which wheel of torch it would install, without installing it. */
export async function resolveWheel(
  pip: Pip,
  requirement: string,
  index: readonly string[],
): Promise<Wheel> {
  const report = join(pip.scratch, 'report.json');
  const options = ['--dry-run', '--ignore-installed', '--quiet', '--report', report];
  await runPip(pip, ['install', ...options, ...wheelOnly, ...index, requirement]);
  const { install } = JSON.parse(await readFile(report, 'utf8')) as PipReport;
  const chosen = install[0];
  const sha256 = chosen?.download_info.archive_info?.hashes?.sha256;
  if (chosen === undefined || sha256 === undefined) {
    throw new TorchInstallError(
      'checksum',
      'expected pip to tell the sha256 of the torch wheel, found none; use an index that publishes hashes, or upgrade pip.',
    );
  }
  const needsCuda = chosen.metadata.requires_dist?.some((name) => /^(nvidia|cuda)-/.test(name));
  return { version: chosen.metadata.version, sha256, needsCuda: needsCuda ?? false };
}

/** Downloads the wheel and returns its path. */
export async function downloadWheel(
  pip: Pip,
  requirement: string,
  index: readonly string[],
  onProgress: ProgressListener | undefined,
): Promise<string> {
  const folder = join(pip.scratch, 'wheel');
  await mkdir(folder, { recursive: true });
  let total: number | null = null;
  // pip names the size in decimal megabytes before it starts.
  const onText = (text: string): void => {
    const size = /\(([\d.]+) ([kMG])B\)/.exec(text);
    if (size) total = Number(size[1]) * { k: 1e3, M: 1e6, G: 1e9 }[size[2] as 'k' | 'M' | 'G'];
  };
  const stop = watchLargestFile(pip.scratch, (loaded) =>
    onProgress?.({ phase: 'download', loaded, total: total && Math.max(total, loaded) }),
  );
  try {
    await runPip(pip, ['download', '--dest', folder, ...wheelOnly, ...index, requirement], onText);
  } finally {
    stop();
  }
  const [wheel] = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
  if (wheel === undefined) {
    throw new TorchInstallError(
      'no-wheel',
      'expected pip download to leave a wheel of torch, found none; upgrade pip.',
    );
  }
  return join(folder, wheel);
}

interface PipReport {
  install: {
    download_info: { archive_info?: { hashes?: { sha256?: string } } };
    metadata: { version: string; requires_dist?: string[] };
  }[];
}

const wheelOnly = ['--no-deps', '--only-binary=:all:'];

async function runPip(
  { python, scratch, signal }: Pip,
  args: readonly string[],
  onText?: (text: string) => void,
): Promise<void> {
  const patience = [
    '--no-input',
    '--disable-pip-version-check',
    '--retries',
    '2',
    '--timeout',
    '20',
  ];
  const temporary = join(scratch, 'pip');
  await mkdir(temporary, { recursive: true });
  const { code, output } = await runProgram(python, ['-m', 'pip', ...args, ...patience], {
    signal,
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    ...(onText && { onText }),
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new TorchInstallError(
      'no-python',
      `expected a Python to run pip with, found no ${python}; install Python 3, set PLEAT_PYTHON to it, or set PLEAT_TORCH to a folder with libtorch.`,
      { cause: error },
    );
  });
  if (code !== 0) throw pipError(python, output);
}

function pipError(python: string, output: string): TorchInstallError {
  const said = /^ERROR: .*/m.exec(output)?.[0] ?? output.trim().split('\n').at(-1) ?? '';
  const told = (pattern: RegExp): boolean => pattern.test(output);
  if (told(/No module named '?pip|no such option: --(report|dry-run)/)) {
    return new TorchInstallError(
      'no-pip',
      `expected pip 22.2 or later in ${python}, found: ${said}; run \`${python} -m ensurepip --upgrade\` or install the pip of your system.`,
    );
  }
  if (told(/No space left on device|Disk quota exceeded/)) return diskError(said);
  if (told(/HASHES|hashes? .*mismatch|do not match/i)) {
    return new TorchInstallError(
      'checksum',
      `expected a torch wheel with the published sha256, found another (${said}); something on the way changed it, so try another network.`,
    );
  }
  // pip tells of a host it cannot reach in warnings, then that nothing satisfies the requirement.
  if (told(/NewConnectionError|ConnectTimeout|ProxyError|SSLError|Max retries|name resolution/)) {
    return new TorchInstallError(
      'network',
      `expected pip to reach a package index, found: ${said}; check network and proxy, pass another index, or set PLEAT_TORCH to a folder with libtorch.`,
    );
  }
  return new TorchInstallError(
    'no-wheel',
    `expected pip to find a torch wheel for this Python and platform, found: ${said}; use a Python that torch publishes wheels for (PLEAT_PYTHON), or set PLEAT_TORCH to a folder with libtorch.`,
  );
}

/** The disk is full: said the same whether pip or this process met it. */
export function diskError(found: string, cause?: unknown): TorchInstallError {
  return new TorchInstallError(
    'disk',
    `expected room for the torch wheel and its libraries, found: ${found}; free about a gigabyte, or set PLEAT_CACHE to a folder on another disk.`,
    cause === undefined ? undefined : { cause },
  );
}
