// A worker thread that solves an instance by the built package.
import { parentPort, workerData } from 'node:worker_threads';
import { solve } from '../dist/index.js';

const { matrix, options } = workerData;
const seen = [];
const result = solve(matrix, { ...options, onProgress: ({ length }) => seen.push(length) });
parentPort?.postMessage({ result, seen });
