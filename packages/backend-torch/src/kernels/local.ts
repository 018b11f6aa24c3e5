import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { KernelTable } from '../kernel.ts';

interface LocalAttrs {
  depthRadius: number;
  bias: number;
  alpha: number;
  beta: number;
}

const multiply = ({ engine }: TorchBackend, a: Handle, b: Handle) =>
  engine.op('aten::mul.Tensor', a, b);

/** Sums over the channels within a radius of each, by a matrix of ones around the diagonal. */
function around(torch: TorchBackend, x: Handle, channels: number, radius: number): Handle {
  const band = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    for (let j = Math.max(0, i - radius); j <= Math.min(channels - 1, i + radius); j++) {
      band[i * channels + j] = 1;
    }
  }
  const { engine } = torch;
  return engine.op('aten::matmul', x, engine.from(band, [channels, channels], 'float32'));
}

/** bias + alpha times the sum of squares around each channel, and that to the power -beta. */
function norms(torch: TorchBackend, x: Handle, channels: number, attrs: LocalAttrs) {
  const { engine } = torch;
  const { depthRadius, bias, alpha, beta } = attrs;
  const scalar = (value: number) => engine.scalar(value, 'float32');
  const sums = around(torch, engine.op('aten::square', x), channels, depthRadius);
  const norm = engine.subtract(multiply(torch, sums, scalar(alpha)), scalar(bias), -1);
  return { norm, factor: engine.op('aten::pow.Tensor_Tensor', norm, scalar(-beta)) };
}

export const localKernels: KernelTable = {
  LRN: (torch, { x }, attrs: LocalAttrs) => {
    if (x!.dtype !== 'float32' || x!.shape.length !== 4) return null;
    const values = torch.handle(x!);
    const { factor } = norms(torch, values, x!.shape[3]!, attrs);
    return torch.output(multiply(torch, values, factor), x!.shape, 'float32');
  },
  LRNGrad: (torch, { x, y, dy }, attrs: LocalAttrs) => {
    const { engine } = torch;
    const infos = [x!, y!, dy!];
    if (infos.some(({ dtype, shape }) => dtype !== 'float32' || shape.length !== 4)) return null;
    const channels = x!.shape[3]!;
    const [values, made, d] = infos.map((info) => torch.handle(info)) as [Handle, Handle, Handle];
    const { norm, factor } = norms(torch, values, channels, attrs);
    const share = engine.op('aten::div.Tensor', multiply(torch, d, made), norm);
    const spread = multiply(torch, values, around(torch, share, channels, attrs.depthRadius));
    const dx = engine.subtract(multiply(torch, d, factor), spread, 2 * attrs.alpha * attrs.beta);
    return torch.output(dx, x!.shape, 'float32');
  },
};
