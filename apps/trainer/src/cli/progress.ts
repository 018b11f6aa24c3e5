import { SingleBar } from 'cli-progress';
import { formatBytes } from '../report/format.ts';

/** Shows how far a run is. */
export interface Progress {
  /** Steps done so far, and a short text such as the loss. */
  update(done: number, text: string): void;
  /** A line that stays, above the bar. */
  line(text: string): void;
  stop(): void;
}

/** A duration as people write it: `48 s`, `3 min 20 s`, `2 h 05 min`. */
export function formatDuration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
}

// Rate and time left come from the last half minute: an average since the start would hide a change.
const windowMs = 30_000;
const plainEveryMs = 15_000;

/** The bar of every long command, once its line is laid out. */
export function createBar(stream: NodeJS.WriteStream, format: string): SingleBar {
  return new SingleBar({
    stream,
    format,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    forceRedraw: true,
    gracefulExit: false,
  });
}

/** How many units a second, over the recent past. */
function rateMeter(start: number): (done: number, now: number) => number {
  const marks: [number, number][] = [];
  return (done, now) => {
    if (marks.length === 0) marks.push([start, now]);
    marks.push([done, now]);
    while (marks.length > 2 && now - marks[0]![1] > windowMs) marks.shift();
    const [firstDone, firstAt] = marks[0]!;
    return now > firstAt ? ((done - firstDone) * 1000) / (now - firstAt) : 0;
  };
}

/**
 * A bar with rate and time left on a terminal; elsewhere a plain line every 15 seconds.
 *
 * @param total steps of the whole run
 * @param start steps done before this process
 * @param perStep images a step, to show a rate in images
 * @param unit what a step is called, where it is no step over images; then no rate is shown
 */
export function createProgress(
  {
    total,
    start,
    perStep = 1,
    unit,
  }: { total: number; start: number; perStep?: number; unit?: string },
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  const meter = rateMeter(start);
  const describe = (done: number, now: number) => {
    const rate = meter(done, now);
    return {
      rate:
        unit === undefined
          ? `${Math.round(rate * perStep)} images/s`
          : `${unit} ${done} of ${total}`,
      left: rate > 0 ? `${formatDuration((total - done) / rate)} left` : 'time left unknown',
    };
  };
  if (!stream.isTTY) {
    let last = performance.now();
    describe(start, last);
    return {
      update: (done, text) => {
        const now = performance.now();
        const { rate, left } = describe(done, now);
        if (now - last < plainEveryMs) return;
        last = now;
        const at = unit === undefined ? `step ${done}/${total}, ${rate}` : rate;
        stream.write(`${at}, ${left}, ${text}\n`);
      },
      line: (text) => void stream.write(`${text}\n`),
      stop: () => undefined,
    };
  }
  const bar = createBar(stream, '{bar} {percentage} % | {rate} | {left} | {text}');
  const payload = (done: number, text: string) => ({ text, ...describe(done, performance.now()) });
  bar.start(total, start, payload(start, ''));
  return {
    update: (done, text) => bar.update(done, payload(done, text)),
    line: (text) => void stream.write(`\r\u001b[2K${text}\n`),
    stop: () => bar.stop(),
  };
}

/** The same for work that tells how much of it there is once it has begun. */
export interface UnitProgress {
  update(done: number, total: number, text: string): void;
  stop(): void;
}

/**
 * A bar, or plain lines, that begins with the first unit done.
 *
 * @param unit what is counted, such as `layer`
 */
export function createUnitProgress(unit: string): UnitProgress {
  let bar: Progress | undefined;
  return {
    update: (done, total, text) => {
      bar ??= createProgress({ total, start: 0, unit });
      bar.update(done, text);
    },
    stop: () => bar?.stop(),
  };
}

/** Shows how many bytes of a phase are done. */
export interface ByteProgress {
  update(phase: string, loaded: number, total: number | null): void;
  stop(): void;
}

/** A bar of bytes on a terminal; elsewhere a line as each phase begins. */
export function createByteProgress(stream: NodeJS.WriteStream = process.stderr): ByteProgress {
  let current = '';
  if (!stream.isTTY) {
    return {
      update: (phase) => {
        if (phase !== current) stream.write(`${phase} ...\n`);
        current = phase;
      },
      stop: () => undefined,
    };
  }
  const bar = createBar(stream, '{bar} {phase} {done} {of}');
  return {
    update: (phase, loaded, total) => {
      const of = total === null ? '' : `of ${formatBytes(total)}`;
      const payload = { phase, done: formatBytes(loaded), of };
      if (current === '') bar.start(total ?? 1, 0, payload);
      current = phase;
      bar.setTotal(total ?? 1);
      bar.update(total === null ? 0 : loaded, payload);
    },
    stop: () => bar.stop(),
  };
}
