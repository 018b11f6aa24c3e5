import { chooseTorch } from '../src/locate/locate.ts';

/** The folder of a libtorch on this machine, or undefined: then the tests that need one skip. */
export const torchFolder: string | undefined = await chooseTorch().then(
  ({ folder }) => folder,
  () => undefined,
);
