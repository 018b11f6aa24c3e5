import { stringify } from 'yaml';
import { UsageError } from '../cli/errors.ts';
import type { SweepFile } from './file.ts';

/** What a job array needs to know beside the sweep. */
export interface EmitOptions {
  /** Path of the sweep file, as the tasks see it. */
  origin: string;
  runs: number;
  /** Tasks at a time; all when absent. */
  jobs?: number | undefined;
  /** Folder that holds data sets, as the tasks see it. */
  data?: string | undefined;
  /** Container image with `pleat` in it; Kubernetes only. */
  image?: string | undefined;
  /** Name of the volume claim with the sweep file, where results go too; Kubernetes only. */
  claim: string;
}

const cpus = 2;

/** Text as one word of a POSIX shell. */
function quote(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function taskArguments({ out }: SweepFile, { origin, data }: EmitOptions): string[] {
  return ['sweep', origin, '--out', out, ...(data === undefined ? [] : ['--data', data])];
}

/**
 * A Slurm batch script: an array with a task a run. `sbatch` it in the folder the paths start from.
 *
 * @example
 * emitSlurm(sweep, { origin: 'a.yaml', runs: 3, claim: 'pleat' }).split('\n')[2] // '#SBATCH --array=0-2'
 */
export function emitSlurm(sweep: SweepFile, options: EmitOptions): string {
  const { runs, jobs } = options;
  const most = jobs === undefined ? '' : `%${jobs}`;
  const args = taskArguments(sweep, options).map(quote).join(' ');
  return `#!/bin/bash
#SBATCH --job-name=pleat-${sweep.name}
#SBATCH --array=0-${runs - 1}${most}
#SBATCH --cpus-per-task=${cpus}
#SBATCH --requeue
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"
exec pleat ${args} --task "$SLURM_ARRAY_TASK_ID"
`;
}

/** An indexed Job of Kubernetes' batch/v1, as data. */
function kubernetesJob(sweep: SweepFile, options: EmitOptions) {
  const { runs, jobs, image, claim } = options;
  if (image === undefined) {
    throw new UsageError('--emit k8s needs --image, a container image with pleat in it.');
  }
  const name = `pleat-${sweep.name}`.toLowerCase().slice(0, 63).replace(/-+$/, '');
  const args = taskArguments(sweep, options);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      completions: runs,
      parallelism: Math.min(runs, jobs ?? runs),
      completionMode: 'Indexed',
      backoffLimit: runs,
      template: {
        spec: {
          restartPolicy: 'OnFailure',
          containers: [
            {
              name: 'pleat',
              image,
              workingDir: '/sweep',
              // Kubernetes puts the variable in itself; no shell is needed.
              command: ['pleat', ...args, '--task', '$(JOB_COMPLETION_INDEX)'],
              resources: { requests: { cpu: String(cpus), memory: '2Gi' } },
              volumeMounts: [{ name: 'sweep', mountPath: '/sweep' }],
            },
          ],
          volumes: [{ name: 'sweep', persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  };
}

/** The job as YAML for `kubectl apply -f -`. */
export function emitKubernetes(sweep: SweepFile, options: EmitOptions): string {
  return stringify(kubernetesJob(sweep, options), { lineWidth: 0 });
}
