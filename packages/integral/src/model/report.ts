/** What a conversion did to one group. */
export interface GroupReport {
  id: string;
  channels: number;
  coefficients: number;
  /** Sum over neighbouring channels of the L1 distance of their weights, as the model came. */
  variationBefore: number;
  /** The same in the order chosen. */
  variationAfter: number;
}

/** What a conversion did. */
export interface ConversionReport {
  order: string;
  /** Norm layers that were folded into the layer before. */
  folded: string[];
  groups: GroupReport[];
  /** Over all groups. */
  variationBefore: number;
  variationAfter: number;
  /** Root of the share of the squared weights that the coefficients miss at the original sizes; 0 where they are the weights. */
  fitError: number;
}
