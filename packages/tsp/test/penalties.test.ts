import { rng, stream } from '@pleat/random';
import { describe, expect, it } from 'vitest';
import { createClusters } from '../src/clusters.ts';
import { portableDenseTree } from '../src/dense-tree.ts';
import type { SquareMatrix } from '../src/matrix.ts';
import { nearest, pairs } from '../src/neighbours.ts';
import { compiledPenalties, type Penalties, portablePenalties } from '../src/penalties.ts';
import { createSparseGraph } from '../src/sparse-graph.ts';
import { compiledSparseTree, portableSparseTree, type SparseTree } from '../src/sparse-tree.ts';
import { fromDistance, randomCities, randomMatrix } from './instances.ts';

type Make = [(matrix: SquareMatrix) => Penalties, (graph: Graph) => SparseTree];
type Graph = ReturnType<typeof createSparseGraph>;

const portable: Make = [portablePenalties, portableSparseTree];
const compiled: Make = [
  (matrix) => compiledPenalties(matrix)!,
  (graph) => compiledSparseTree(graph)!,
];

/** Steps of an ascent, with edges added and prices changed in between; all that can be seen of them. */
function steps(matrix: SquareMatrix, [penaltiesOf, treeOf]: Make): unknown[] {
  const { n } = matrix;
  const dense = portableDenseTree(matrix)(new Float64Array(n));
  const graph = createSparseGraph(matrix);
  const edges = [...dense.parent.keys()].slice(1).flatMap((i) => [i, dense.parent[i]!]);
  graph.add([pairs(nearest(matrix, 2)), Int32Array.from(edges)]);
  const tree = treeOf(graph);
  const penalties = penaltiesOf(matrix);
  penalties.group(createClusters(matrix, dense, new Float64Array(n).fill(0.5), 0.3));
  const random = rng(stream(n, 'test/steps'));
  const seen: unknown[] = [];
  for (let step = 0; step < 12; step++) {
    if (step === 4) graph.add([pairs(nearest(matrix, 6))]);
    if (step > 6) graph.cost[random.integer(graph.count)]! += random.uniform();
    if (step === 9) penalties.rest();
    const bound = penalties.close(tree.measure(penalties.pi, penalties.degree));
    const { degree, ends, pi } = penalties;
    seen.push(bound, degree.slice(), ends.slice(), [...tree.edges], penalties.slope());
    penalties.move(0.02, 0.7);
    seen.push(pi.slice());
  }
  tree.free();
  penalties.free();
  return seen;
}

describe('compiled steps of the ascent', () => {
  it.each([4, 5, 9, 30, 257])('have the bits of the portable ones (%i cities)', (n) => {
    const ties = fromDistance(n, (i, j) => 1 + ((i * j) % 3));
    for (const matrix of [randomCities(n, n), randomMatrix(n, n), ties]) {
      const expected = steps(matrix, portable);
      expect(steps(matrix, compiled)).toEqual(expected);
      // The second time, memory holds what the first has left.
      expect(steps(matrix, compiled)).toEqual(expected);
    }
  });

  it('give what a closed form does', () => {
    // Four cities on a line and the last one, tied to the two that are nearest.
    const at = [0, 1, 3, 6, 2];
    const matrix = fromDistance(5, (i, j) => Math.abs(at[i]! - at[j]!));
    for (const [penaltiesOf, treeOf] of [portable, compiled]) {
      const graph = createSparseGraph(matrix);
      graph.add([Int32Array.of(0, 1, 1, 2, 2, 3)]);
      const tree = treeOf(graph);
      const penalties = penaltiesOf(matrix);
      penalties.pi.set([0, 0.25, 0, 0, 0.5]);
      const weight = tree.measure(penalties.pi, penalties.degree);
      expect(weight).toBe(1.25 + 2.25 + 3);
      // The penalty of the last city would count in both its edges and come off twice: it is left out.
      expect(penalties.close(weight)).toBe(6.5 + 1 + 1.25 - 0.5);
      expect([...penalties.degree]).toEqual([1, 3, 3, 1, 2]);
      expect([...penalties.ends].sort()).toEqual([1, 2]);
      tree.free();
      penalties.free();
    }
  });
});
