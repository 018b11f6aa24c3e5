/** The name of this package: replace it by what the package is for. */
export function ops(): string {
  return 'ops';
}
