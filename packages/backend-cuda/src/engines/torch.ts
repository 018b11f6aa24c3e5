import {
  describeTorch,
  locateTorch,
  registerTorch,
  type TorchLocation,
  type TorchOptions,
} from '@pleat/backend-torch';
import type { DeviceInfo, Driver } from '../driver/types.ts';
import type { Candidate, Started } from './types.ts';

/** Options handed on to `registerTorch`; default `path`: the first libtorch of `locateTorch` that was built with CUDA. */
export type TorchChoice = Omit<TorchOptions, 'device'>;

/** What the candidate calls; tests give their own. */
export interface TorchParts {
  locate: () => Promise<TorchLocation[]>;
  register: typeof registerTorch;
}

const remedy = 'pip install torch brings one along';

/** Within one major version any driver runs what a newer CUDA of it compiled. */
function tooOld(needed: string, driver: Driver): boolean {
  return Number.parseInt(needed, 10) > Number.parseInt(driver.cuda, 10);
}

function choose(locations: readonly TorchLocation[], driver: Driver): TorchLocation {
  const usable = locations.filter(({ folder, problem }) => folder !== null && problem === null);
  const built = usable.filter(({ devices }) => devices.includes('cuda'));
  const fitting = built.find(({ cuda }) => cuda === null || !tooOld(cuda, driver));
  if (fitting) return fitting;
  const [newer] = built;
  if (newer) {
    throw new Error(
      `the libtorch of ${newer.origin} was built with CUDA ${newer.cuda}, and the driver runs CUDA ${driver.cuda} at most; update the NVIDIA driver, or install a torch for an older CUDA`,
    );
  }
  const [plain] = usable;
  if (plain) {
    throw new Error(
      `the libtorch that was found was built without CUDA (${describeTorch(plain)}); ${remedy} with it (not from the cpu index)`,
    );
  }
  const seen = locations.map(describeTorch).join('; ');
  throw new Error(`there is no libtorch that can be used${seen && ` (${seen})`}; ${remedy}`);
}

/** libtorch on a GPU, through `@pleat/backend-torch`. */
export function torchCandidate(
  choice: TorchChoice = {},
  { locate, register }: TorchParts = { locate: locateTorch, register: registerTorch },
): Candidate {
  return {
    name: 'torch',
    async start({ index }: DeviceInfo, driver: Driver): Promise<Started> {
      const path = choice.path ?? choose(await locate(), driver).folder!;
      const { device, version } = await register({ ...choice, path, device: `cuda:${index}` });
      return { backend: 'torch', version, path, device };
    },
  };
}
