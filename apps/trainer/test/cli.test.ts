import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { built, run, tinyTrain, withoutTorch } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

const commands = ['train', 'eval', 'inspect', 'pack', 'unpack', 'doctor'];

describe.skipIf(!built)('the command line', () => {
  test.each(commands)('%s --help shows examples', async (command) => {
    const { code, stdout, stderr } = await run([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: pleat ${command}`);
    expect(stdout).toMatch(new RegExp(`Examples:\\n  \\$ pleat ${command} `));
    expect(stdout).toContain('--json');
    expect(stderr).toBe('');
  });

  test.each([
    [['trian'], "Unknown command 'trian' (Did you mean train?); see --help."],
    [['train', '--epocs', '3'], "Unknown option '--epocs' (Did you mean --epochs?); see --help."],
    [['train', '--epochs', 'x'], 'It must be a number'],
    [['train', '--epochs', '0'], '--epochs: expected number to be >=1, found 0.'],
    [
      ['train', '--model', 'vit', '--patch-size', '5', '--engine', 'cpu'],
      'This model cannot be built: ',
    ],
    [
      ['train', '--batch', '100000', '--engine', 'cpu'],
      '--batch is 100000, but there are only 9000 training images; lower it.',
    ],
    [['train', '--augmentation', '[{"name":"twirl"}]', '--engine', 'cpu'], '--augmentation: '],
    [
      ['train', '--engine', 'torch'],
      '--engine torch: there is no libtorch that can be used; pleat setup torch, or pip install torch',
    ],
    [['train', '--engine', 'cuda'], '--engine cuda: nothing computes on a GPU here. driver: '],
    [
      ['train', '--resume', '--out', 'nowhere'],
      'There is nothing to resume in nowhere: it has no config.json; check --out.',
    ],
    [['eval'], "Missing required argument 'file'; see --help."],
    [['eval', '../package.json', '--split', 'x'], 'Allowed choices are test, validation, train'],
  ])('%j is a usage error: one sentence, exit 2', async (args, message) => {
    const { code, stdout, stderr } = await run(args, temporaryFolder(), withoutTorch);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test.each([
    [['inspect', 'absent.pleat'], 'There is no file or folder absent.pleat; check the path.'],
    [['eval', 'absent.pleat'], 'There is no file or folder absent.pleat; check the path.'],
    [['unpack', 'absent.pleat', 'x'], 'There is no file or folder absent.pleat; check the path.'],
    [['pack', '.', 'x.pleat'], '. is no model folder: it has no model.json'],
    [['inspect', 'broken.pleat'], 'broken.pleat is no readable .pleat file: '],
    [['eval', 'broken.pleat', '--engine', 'cpu'], 'broken.pleat is no readable .pleat file: '],
    [
      ['train', '--dataset', 'mnist', '--data', 'empty', '--no-download', '--engine', 'cpu'],
      'mnist',
    ],
    [
      tinyTrain(join('broken.pleat', 'run'), '--engine', 'cpu'),
      'a part of the path is not a folder; check the path',
    ],
  ])('%j is a failure: one sentence, exit 1', async (args, message) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'broken.pleat'), 'no model at all, but long enough to look at');
    mkdirSync(join(cwd, 'empty'));
    const { code, stdout, stderr } = await run(args, cwd);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  test('an error with --json is one object on standard output; --debug adds the stack', async () => {
    const { code, stdout, stderr } = await run(['inspect', 'absent.pleat', '--json', '--debug']);
    expect(JSON.parse(stdout)).toEqual({
      error: { message: 'There is no file or folder absent.pleat; check the path.', exitCode: 1 },
    });
    expect(stderr).toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });

  test('doctor tells what there is, for a person and for a program', async () => {
    const { code, stdout } = await run(['doctor'], undefined, withoutTorch);
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ wasm .*\n/);
    expect(stdout).toMatch(/✗ torch .*\n\s+→ /);
    expect(stdout).toContain('✓ fashion-mnist-subset  10,000 training and 2,000 test images');
    expect(stdout).toMatch(
      /started: engine wasm \(.*\); not cuda: .*; not torch: there is no libtorch .*; not tensorflow: /,
    );
    const json = await run(['doctor', '--json'], undefined, withoutTorch);
    const report = JSON.parse(json.stdout);
    expect(report.auto).toMatchObject({ name: 'wasm', backend: 'wasm' });
    expect(report.versions.node).toBe(process.versions.node);
    expect(report.engines.map(({ name }: { name: string }) => name)).toEqual([
      'cuda',
      'torch',
      'tensorflow',
      'wasm',
      'cpu',
    ]);
  });
});

describe.skipIf(!built)('a run', () => {
  test('without statistics of norms is completed by each reader from the same training images', async () => {
    const cwd = temporaryFolder();
    const bare = ['--no-affine-norms', '--norms', 'recompute', '--epochs', '1', '--json'];
    const short = await run([...tinyTrain('bare', '--engine', 'cpu', ...bare)], cwd);
    expect(short.code, short.stderr).toBe(0);
    const reread = await run(['eval', 'bare/model.pleat', '--engine', 'cpu', '--json'], cwd);
    expect(JSON.parse(reread.stdout)).toMatchObject(JSON.parse(short.stdout).test);
  });

  test('goes from images to a file, a report, and the same accuracy in another process', async () => {
    const cwd = temporaryFolder();
    const config = join(cwd, 'run.yaml');
    writeFileSync(config, 'epochs: 9\nengine: cpu\nlearner: edge-popup\nkeep: 0.4\n');
    const trained = await run(
      [
        ...tinyTrain('out', '--config', config, '--epochs', '2', '--hold-out', 'last'),
        ...['--tensors', 'uint8', '--json'],
      ],
      cwd,
    );
    expect(trained.code, trained.stderr).toBe(0);
    const summary = JSON.parse(trained.stdout);
    expect(trained.stderr).toContain('epoch 2/2');
    const saved = JSON.parse(readFileSync(join(cwd, 'out', 'config.json'), 'utf8'));
    expect(saved).toMatchObject({
      epochs: 2,
      engine: 'cpu',
      learner: 'edge-popup',
      keep: 0.4,
      seed: 0,
    });

    const evaluated = await run(['eval', 'out/model.pleat', '--engine', 'cpu', '--json'], cwd);
    const result = JSON.parse(evaluated.stdout);
    expect(result.correct).toBe(summary.test.correct);
    expect(result.loss).toBe(summary.test.loss);
    expect(result.images).toBe(2000);
    const held = ['eval', 'out/model.pleat', '--engine', 'cpu', '--split', 'validation', '--json'];
    const validated = JSON.parse((await run(held, cwd)).stdout);
    expect(validated).toMatchObject(summary.validation);

    const inspected = JSON.parse((await run(['inspect', 'out/model.pleat', '--json'], cwd)).stdout);
    const size = readFileSync(join(cwd, 'out', 'model.pleat')).length;
    expect(inspected.fileBytes).toBe(size);
    expect(summary.size.fileBytes).toBe(size);
    expect(summary.size.trueRatio).toBeCloseTo(1 - size / (4 * summary.parameters), 12);
    // 40 % of every masked layer is kept.
    for (const { kept, masked } of inspected.layers) {
      if (masked > 0) expect(Math.abs(kept - 0.4) * masked).toBeLessThan(1);
    }

    const unpacked = await run(['unpack', 'out/model.pleat', 'web'], cwd);
    expect(unpacked.code, unpacked.stderr).toBe(0);
    const folder = JSON.parse(
      (await run(['eval', 'web', '--engine', 'cpu', '--json'], cwd)).stdout,
    );
    expect(folder.correct).toBe(summary.test.correct);
    const packed = await run(['pack', 'web', 'dense.pleat'], cwd);
    expect(packed.code, packed.stderr).toBe(0);
    const dense = JSON.parse(
      (await run(['eval', 'dense.pleat', '--engine', 'cpu', '--json'], cwd)).stdout,
    );
    expect(dense.correct).toBe(summary.test.correct);
    expect(dense.loss).toBe(summary.test.loss);

    // Bytes of 0xff are NaN in float32.
    writeFileSync(join(cwd, 'web', 'weights.bin'), Buffer.alloc(4 * summary.parameters, 0xff));
    const broken = await run(['eval', 'web', '--engine', 'cpu', '--json'], cwd);
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout).error.message).toMatch(
      /^web gives a loss of NaN: its weights hold NaN or infinity/,
    );

    const report = readFileSync(join(cwd, 'out', 'report.html'), 'utf8');
    expect(report).toContain('Accuracy over the epochs');
    expect(report.match(/<svg /g)!.length).toBeGreaterThanOrEqual(4);
    // Self-contained: nothing is fetched.
    expect(report).not.toMatch(/(src|href)="(?!data:|#)/);

    const again = await run(tinyTrain('out', '--epochs', '2'), cwd);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('out holds a run already');
    const changed = await run(['train', '--resume', '--out', 'out', '--epochs', '5'], cwd);
    expect(changed.code).toBe(2);
    expect(changed.stderr).toContain('--epochs is 5 in the command line but 2 in out/config.json');
    const finished = await run(['train', '--resume', '--out', 'out', '--json'], cwd);
    expect(finished.stderr).toContain('is finished already');
    expect(JSON.parse(finished.stdout)).toEqual(summary);
  });

  test('whose checkpoint is damaged or belongs to another configuration says so', async () => {
    const cwd = temporaryFolder();
    const first = await run(tinyTrain('out', '--engine', 'cpu', '--epochs', '1'), cwd);
    expect(first.code, first.stderr).toBe(0);
    const out = join(cwd, 'out');
    rmSync(join(out, 'summary.json'));
    const config = readFileSync(join(out, 'config.json'), 'utf8');
    writeFileSync(join(out, 'config.json'), config.replace('"epochs": 1', '"epochs": 2'));
    const mismatch = await run(['train', '--resume', '--out', 'out'], cwd);
    expect(mismatch.code).toBe(1);
    expect(mismatch.stderr).toContain('disagree on "epochs"');
    writeFileSync(join(out, 'config.json'), config);
    const checkpoint = readFileSync(join(out, 'checkpoint.bin'));
    writeFileSync(join(out, 'checkpoint.bin'), checkpoint.subarray(0, checkpoint.length / 2));
    const damaged = await run(['train', '--resume', '--out', 'out'], cwd);
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toContain('is damaged');
  });

  // The super-user may write anywhere.
  test.skipIf(process.getuid?.() === 0)(
    'into a folder that cannot be written says so',
    async () => {
      const cwd = temporaryFolder();
      chmodSync(cwd, 0o500);
      const { code, stderr } = await run(tinyTrain('out', '--engine', 'cpu'), cwd);
      expect(code).toBe(1);
      expect(stderr).toMatch(/Cannot use .*: permission is denied; check the path/);
    },
  );
});

/** A file system of 40 kB, where this process may mount one. */
function tinyDisk(): string | undefined {
  const folder = temporaryFolder();
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=40k', 'tmpfs', folder], {
      stdio: 'ignore',
    });
    return folder;
  } catch {
    return undefined;
  }
}

const disk = process.platform === 'linux' && built ? tinyDisk() : undefined;

test.skipIf(disk === undefined)('a full disk stops a run with one sentence', async () => {
  try {
    const { code, stderr } = await run(
      tinyTrain(join(disk!, 'out'), '--engine', 'cpu', '--dim', '32', '--epochs', '1'),
    );
    expect(stderr).toMatch(
      /error: Cannot use .*: the disk is full; free some space, then repeat the command\.\n$/,
    );
    expect(code).toBe(1);
  } finally {
    execFileSync('/bin/umount', [disk!]);
  }
});
