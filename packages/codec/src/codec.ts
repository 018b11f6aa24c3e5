/** The name of this package: replace it by what the package is for. */
export function codec(): string {
  return 'codec';
}
