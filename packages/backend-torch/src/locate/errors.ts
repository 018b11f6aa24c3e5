import { describeTorch } from './describe.ts';
import type { TorchDevice, TorchLocation } from './types.ts';

/** No libtorch on this machine can be used; `locations` says what was found and what it lacks. */
export class TorchNotFoundError extends Error {
  override readonly name = 'TorchNotFoundError';
  readonly locations: readonly TorchLocation[];

  constructor(locations: readonly TorchLocation[], device: TorchDevice = 'cpu') {
    const found = locations.map((location) => `\n  ${describeTorch(location)}`).join('');
    const [kind, install] = device === 'cuda' ? [' with CUDA', ''] : ['', ' call installTorch(),'];
    super(
      `chooseTorch: expected a libtorch of version 2.10 or later${kind}, found none that can be used; run \`pip install torch\`,${install} or set PLEAT_TORCH to a folder with its libraries.${found}`,
    );
    this.locations = locations;
  }
}

/** What kept a private copy of libtorch from being made, for callers that must tell the cases apart. */
export type TorchInstallErrorCode =
  | 'no-python'
  | 'no-pip'
  | 'network'
  | 'no-wheel'
  | 'checksum'
  | 'disk'
  | 'unusable';

/** A private copy of libtorch that could not be made; nothing half-made is left behind. */
export class TorchInstallError extends Error {
  override readonly name = 'TorchInstallError';
  readonly code: TorchInstallErrorCode;

  constructor(code: TorchInstallErrorCode, message: string, options?: ErrorOptions) {
    super(`installTorch: ${message}`, options);
    this.code = code;
  }
}
