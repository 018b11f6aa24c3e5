// What is trained: the names, sizes and batches that both sides build from.

/** name -> size and batch; every model sees 32 x 32 x 3 images and 10 classes. */
export const cases = {
  'convmixer-64-4': { kind: 'convmixer', dim: 64, depth: 4, kernel: 5, patch: 2, batch: 64 },
  'convmixer-128-4': { kind: 'convmixer', dim: 128, depth: 4, kernel: 5, patch: 2, batch: 64 },
  'convmixer-256-6': { kind: 'convmixer', dim: 256, depth: 6, kernel: 5, patch: 2, batch: 64 },
  'resnet-20': { kind: 'resnet', depth: 20, batch: 128 },
  'vit-256-6': { kind: 'vit', dim: 256, depth: 6, heads: 8, patch: 4, batch: 64 },
};

/** How weights are trained: as they are, or as an edge-popup mask that keeps half of fixed ones. */
export const forms = ['dense', 'masked'];
export const keep = 0.5;
export const learningRate = 0.001;
