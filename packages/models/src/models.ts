/** The name of this package: replace it by what the package is for. */
export function models(): string {
  return 'models';
}
