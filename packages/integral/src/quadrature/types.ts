/** A way to turn values at nodes of [0, 1] into an integral over [0, 1]. */
export interface Quadrature {
  readonly name: string;
  /** Its own nodes, ascending within [0, 1]. */
  nodes(count: number): Float64Array;
  /**
   * The weight of each node, for its own nodes and, unless the rule is bound to its own, any that ascend within [0, 1].
   * They add up to 1: constants are integrated exactly.
   */
  weights(nodes: ArrayLike<number>): Float64Array;
}
