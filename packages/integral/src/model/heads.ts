/**
 * Whether a group is that of attention heads. Heads and the dims within them divide the same axes, so that only one of the
 * two may change: heads stay unless they are asked for by name.
 */
export const isHeads = (id: string): boolean => /\/heads(#\d+)?$/.test(id);
