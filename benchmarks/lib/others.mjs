// What the rest of a machine does while one process works: times beside busy neighbours say little.
import { readFileSync } from 'node:fs';

/** Ticks of 10 ms so far: of all processors, of what they were busy with, and of one process' own part in that. */
function ticks(pid) {
  const text = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0];
  // user nice system idle iowait irq softirq steal: what a host takes from a virtual machine is somebody else's work too.
  const [user, nice, system, idle, wait, irq, softirq, steal] = text
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  // A process' name may hold blanks and brackets; fields are counted behind it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ');
  return { all: busy + idle + wait, busy, own: Number(fields[11]) + Number(fields[12]) };
}

/**
 * The share of all processors that others than a process took while it worked, from 0 to 1; 0 where Linux' /proc is missing.
 *
 * @param {number} pid the process that works
 * @param {() => Promise<T>} work
 * @returns {Promise<{ result: T, share: number }>}
 */
export async function beside(pid, work) {
  let before;
  try {
    before = ticks(pid);
  } catch {
    return { result: await work(), share: 0 };
  }
  const result = await work();
  const after = ticks(pid);
  const others = after.busy - before.busy - (after.own - before.own);
  return { result, share: Math.max(0, others) / Math.max(1, after.all - before.all) };
}
