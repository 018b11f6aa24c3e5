import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';
import { compileKernel } from '../../../scripts/compile-kernel.mjs';

await compileKernel(dirname(dirname(fileURLToPath(import.meta.url))), main);
