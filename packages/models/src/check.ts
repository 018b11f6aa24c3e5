/** Refuses a size that is not a whole number of at least `minimum`. */
export function requireInteger(caller: string, name: string, value: number, minimum = 1): void {
  if (Number.isSafeInteger(value) && value >= minimum) return;
  throw new RangeError(
    `${caller}: ${name} must be a whole number >= ${minimum}, found ${String(value)}; pass ${name} in the options.`,
  );
}

/** Refuses anything but [height, width, channels] of positive whole numbers. */
export function requireImageShape(
  caller: string,
  shape: readonly number[],
): asserts shape is readonly [number, number, number] {
  if (shape?.length === 3 && shape.every((size) => Number.isSafeInteger(size) && size > 0)) return;
  throw new RangeError(
    `${caller}: inputShape must be [height, width, channels], found ${JSON.stringify(shape)}; for CIFAR-10 pass [32, 32, 3].`,
  );
}
