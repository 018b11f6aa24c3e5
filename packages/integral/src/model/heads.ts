/** Whether a group is that of attention heads: they stay unless they are asked for by name. */
export const isHeads = (id: string): boolean => /\/heads(#\d+)?$/.test(id);
