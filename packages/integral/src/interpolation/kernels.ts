/** Which curve is laid through the coefficients. */
export type InterpolationKernel = 'linear' | 'cubic';

/** What stands beyond the first and the last coefficient. */
export type Boundary = 'extrapolate' | 'clamp';

/** How a function is interpolated between its coefficients. */
export interface InterpolationOptions {
  /** Straight lines, or Keys' cubic convolution. Default `cubic`. */
  kernel?: InterpolationKernel;
  /** The parameter a of the cubic kernel. Default -1/2, the only one exact on parabolas. */
  a?: number;
  /**
   * `extrapolate`: the parabola through the outer three coefficients runs on, f(-1) = 3 f0 - 3 f1 + f2 (Keys 1981, equation
   * 25), and straight lines do for `linear`; `clamp`: the outer coefficient is repeated. Default `extrapolate`.
   */
  boundary?: Boundary;
  /**
   * Where the coefficients sit in [0, 1]: `cells` at the centres of equal cells, (i + 1/2) / m; `corners` from end to end,
   * i / (m - 1). Default `corners`.
   */
  alignment?: Alignment;
}

/** Where equally spaced nodes sit in [0, 1]. */
export type Alignment = 'cells' | 'corners';

/** Interpolation options with every default filled in. */
export type Interpolation = Required<InterpolationOptions>;

/** The options of the INN authors' framework: PyTorch's grid_sample, bicubic, with a clamped border. */
export const parity: InterpolationOptions = { kernel: 'cubic', a: -0.75, boundary: 'clamp' };

/**
 * The cubic convolution kernel at distance x.
 *
 * R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29, 1981, equation 4 with a
 * free a: |x| <= 1: (a+2)|x|^3 - (a+3)|x|^2 + 1; 1 < |x| < 2: a|x|^3 - 5a|x|^2 + 8a|x| - 4a; else 0.
 */
export function cubicKernel(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** The slope of the cubic kernel at x. */
export function cubicSlope(x: number, a: number): number {
  const d = Math.abs(x);
  if (d >= 2) return 0;
  const slope = d <= 1 ? (3 * (a + 2) * d - 2 * (a + 3)) * d : ((3 * d - 10) * d + 8) * a;
  return Math.sign(x) * slope;
}

/** The slope of the triangle at x; none at its corners. */
export function linearSlope(x: number): number {
  return Math.abs(x) < 1 ? -Math.sign(x) : 0;
}

/** The triangle of linear interpolation at distance x. */
export function linearKernel(x: number): number {
  return Math.max(0, 1 - Math.abs(x));
}

/** How far a kernel reaches, in steps between coefficients. */
export function reach(kernel: InterpolationKernel): number {
  return kernel === 'cubic' ? 2 : 1;
}

/** Positions in [0, 1] to steps from the first coefficient: u = position * scale + shift. */
export function gridSteps(count: number, alignment: Alignment): { scale: number; shift: number } {
  return alignment === 'cells' ? { scale: count, shift: -0.5 } : { scale: count - 1, shift: 0 };
}

/**
 * A coefficient that is not there as a combination of those that are: the outer three (or two) and their factors.
 *
 * @param index below 0 or above count - 1
 */
export function outside(
  index: number,
  count: number,
  { kernel, boundary }: Pick<Interpolation, 'kernel' | 'boundary'>,
): [index: number, factor: number][] {
  const below = index < 0;
  const end = below ? 0 : count - 1;
  const inward = below ? 1 : -1;
  const k = below ? -index : index - (count - 1);
  if (boundary === 'clamp' || count === 1) return [[end, 1]];
  if (kernel === 'linear' || count === 2) {
    return [
      [end, 1 + k],
      [end + inward, -k],
    ];
  }
  // Lagrange's parabola through 0, 1, 2 at -k.
  return [
    [end, ((k + 1) * (k + 2)) / 2],
    [end + inward, -k * (k + 2)],
    [end + 2 * inward, (k * (k + 1)) / 2],
  ];
}
