import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { emitKubernetes, emitSlurm } from '../src/sweep/emit.ts';
import { parseSweep } from '../src/sweep/file.ts';
import { temporaryFolder } from './run-fixture.ts';

const path = "my sweeps/it's.yaml";
const sweep = parseSweep('name: Paper\nout: $HOME/out\ngrid: { seed: [0, 1, 2] }', path);
const options = { origin: path, runs: 3, claim: 'pleat', data: '/data sets' };

/** What a task's shell would start: a `pleat` that prints its arguments, one a line. */
function argumentsOf(script: string, env: Record<string, string>): string[] {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/pleat'), '#!/bin/sh\nfor a in "$@"; do echo "$a"; done\n');
  chmodSync(join(folder, 'bin/pleat'), 0o755);
  writeFileSync(join(folder, 'job.sh'), script);
  execFileSync('bash', ['-n', join(folder, 'job.sh')]);
  const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
  const text = execFileSync('bash', [join(folder, 'job.sh')], {
    env: { PATH, SLURM_SUBMIT_DIR: folder, ...env },
    encoding: 'utf8',
  });
  return text.trimEnd().split('\n');
}

describe('a job array for Slurm', () => {
  test('is bash that gives pleat its task, whatever the paths are', () => {
    const script = emitSlurm(sweep, options);
    expect(script).toContain('#SBATCH --array=0-2\n');
    expect(argumentsOf(script, { SLURM_ARRAY_TASK_ID: '2' })).toEqual([
      'sweep',
      path,
      '--out',
      '$HOME/out',
      '--data',
      '/data sets',
      '--task',
      '2',
    ]);
    expect(emitSlurm(sweep, { ...options, jobs: 2 })).toContain('#SBATCH --array=0-2%2\n');
  });
});

describe('a job array for Kubernetes', () => {
  const schema = z.fromJSONSchema(
    JSON.parse(
      readFileSync(new URL('fixtures/kubernetes-job.schema.json', import.meta.url), 'utf8'),
    ),
  );

  test('is an indexed Job by its schema, with a task a run', () => {
    const job = parse(emitKubernetes(sweep, { ...options, image: 'registry/pleat:1', jobs: 2 }));
    expect(schema.parse(job)).toEqual(job);
    expect(job.spec).toMatchObject({ completions: 3, parallelism: 2, completionMode: 'Indexed' });
    expect(job.metadata.name).toBe('pleat-paper');
    expect(job.spec.template.spec.containers[0].command.slice(-2)).toEqual([
      '--task',
      '$(JOB_COMPLETION_INDEX)',
    ]);
  });

  test('would not pass with a field that Kubernetes does not have', () => {
    const job = parse(emitKubernetes(sweep, { ...options, image: 'x' }));
    expect(schema.safeParse({ ...job, spec: { ...job.spec, parallel: 3 } }).success).toBe(false);
    expect(schema.safeParse({ ...job, metadata: { name: 'A_b' } }).success).toBe(false);
  });

  test('needs an image', () => {
    expect(() => emitKubernetes(sweep, options)).toThrow('--emit k8s needs --image');
  });
});
