import type { Definition } from './definition.ts';
import { readIdxSet } from './idx-set.ts';

const base = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';

export const fashionClasses: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 + 10,000 pieces of clothing, 28 x 28 grey, MIT licence. */
export const fashionMnist: Definition = {
  name: 'fashion-mnist',
  folders: ['fashion-mnist', 'FashionMNIST/raw'],
  downloads: [
    {
      file: 'train-images-idx3-ubyte.gz',
      url: `${base}/train-images-idx3-ubyte.gz`,
      sha256: '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
      bytes: 26421880,
    },
    {
      file: 'train-labels-idx1-ubyte.gz',
      url: `${base}/train-labels-idx1-ubyte.gz`,
      sha256: 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
      bytes: 29515,
    },
    {
      file: 't10k-images-idx3-ubyte.gz',
      url: `${base}/t10k-images-idx3-ubyte.gz`,
      sha256: '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
      bytes: 4422102,
    },
    {
      file: 't10k-labels-idx1-ubyte.gz',
      url: `${base}/t10k-labels-idx1-ubyte.gz`,
      sha256: '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
      bytes: 5148,
    },
  ],
  read: readIdxSet('fashion-mnist', fashionClasses),
};
