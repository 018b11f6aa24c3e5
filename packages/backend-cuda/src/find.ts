import type { DeviceInfo, Driver } from './driver/types.ts';
import type { Candidate, CudaEngine, Started } from './engines/types.ts';
import { CudaNotFoundError, type Missing } from './errors.ts';

/** What `findEngine` works with; tests give stand-ins. */
export interface Parts {
  openDriver: () => Driver;
  candidates: readonly Candidate[];
  /** Computes on the backend and compares. */
  prove: (backend: string) => Promise<void>;
}

/** An engine that was proven. */
export interface Found extends Started {
  engine: CudaEngine;
  info: DeviceInfo;
}

const sentence = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.replace(/\.$/, '');

/** Starts a candidate and checks what it computes, and where. */
async function attempt(
  candidate: Candidate,
  device: DeviceInfo,
  driver: Driver,
  prove: Parts['prove'],
): Promise<Started> {
  const started = await candidate.start(device, driver);
  await prove(started.backend);
  const asked = `cuda:${device.index}`;
  if (started.device !== asked) {
    throw new Error(`it computes on ${started.device} where ${asked} was asked for`);
  }
  // What an engine says of itself is one witness, the driver another.
  if (!driver.isActive(device.index)) {
    throw new Error(`it says ${asked}, but the driver saw no work of this process there`);
  }
  return started;
}

/**
 * Finds the first engine that computes on a GPU: right results, on that device.
 *
 * @throws CudaNotFoundError that says of each candidate what it lacks
 */
export async function findEngine(
  { device, prefer }: { device: number; prefer: CudaEngine },
  { openDriver, candidates, prove }: Parts,
): Promise<Found> {
  let driver: Driver;
  try {
    driver = openDriver();
  } catch (error) {
    throw new CudaNotFoundError(device, [{ engine: 'driver', lacks: sentence(error) }]);
  }
  const info = driver.devices[device];
  if (!info) {
    const { length } = driver.devices;
    const range = length === 0 ? 'sees no GPU' : `numbers its GPUs 0 to ${length - 1}`;
    const lacks = `the driver ${range}; ask for one of those, and check CUDA_VISIBLE_DEVICES`;
    throw new CudaNotFoundError(device, [{ engine: 'driver', lacks }]);
  }
  const missing: Missing[] = [];
  const order = [...candidates].sort(
    (a, b) => Number(b.name === prefer) - Number(a.name === prefer),
  );
  for (const candidate of order) {
    try {
      const started = await attempt(candidate, info, driver, prove);
      return { ...started, engine: candidate.name, info };
    } catch (error) {
      missing.push({ engine: candidate.name, lacks: sentence(error) });
    }
  }
  throw new CudaNotFoundError(device, missing);
}
