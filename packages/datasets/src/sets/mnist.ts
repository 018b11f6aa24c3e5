import type { Definition } from './definition.ts';
import { readIdxSet } from './idx-set.ts';

const base = 'https://ossci-datasets.s3.amazonaws.com/mnist';
const classes = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** MNIST (LeCun, Cortes and Burges 1998): 60,000 + 10,000 hand-written digits, 28 x 28 grey. */
export const mnist: Definition = {
  name: 'mnist',
  folders: ['mnist', 'MNIST/raw'],
  downloads: [
    {
      file: 'train-images-idx3-ubyte.gz',
      url: `${base}/train-images-idx3-ubyte.gz`,
      md5: 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
      bytes: 9912422,
    },
    {
      file: 'train-labels-idx1-ubyte.gz',
      url: `${base}/train-labels-idx1-ubyte.gz`,
      md5: 'd53e105ee54ea40749a09fcbcd1e9432',
      bytes: 28881,
    },
    {
      file: 't10k-images-idx3-ubyte.gz',
      url: `${base}/t10k-images-idx3-ubyte.gz`,
      md5: '9fb629c4189551a2d022fa330f9573f3',
      bytes: 1648877,
    },
    {
      file: 't10k-labels-idx1-ubyte.gz',
      url: `${base}/t10k-labels-idx1-ubyte.gz`,
      md5: 'ec29112dd5afa0611ce80d1b7f02629c',
      bytes: 4542,
    },
  ],
  read: readIdxSet('mnist', classes),
};
