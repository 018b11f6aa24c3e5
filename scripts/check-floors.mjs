// A package may depend only on packages of lower floors (`pleat.floor` in its package.json).
// Floors are strict, so a circle is impossible once this passes.
import { workspacePackages } from './workspace.mjs';

const packages = workspacePackages();
const floors = new Map(packages.map(({ manifest }) => [manifest.name, manifest.pleat?.floor]));
const faults = [];
for (const { dir, manifest } of packages) {
  const floor = floors.get(manifest.name);
  if (!Number.isInteger(floor)) faults.push(`${dir}/package.json has no "pleat": { "floor": N }`);
  const wanted = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const name of Object.keys(wanted)) {
    if (floors.has(name) && floors.get(name) >= floor) {
      faults.push(`${manifest.name} (floor ${floor}) imports ${name} (floor ${floors.get(name)})`);
    }
  }
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`${packages.length} packages respect their floors`);
