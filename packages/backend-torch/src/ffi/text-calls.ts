import type { LibraryHandle } from 'koffi';
import type { Address } from './library.ts';

/** Takes tensors, the length of a text and its address, and the tensor it writes, which it returns. */
type TextCall = (...args: Address[]) => Address;

/**
 * Ops that take a text, by their C++ interface. The C ABI copies every text it is given for an op and frees only one of the two
 * (`to_ivalue` of torch 2.13): 48 bytes for each call, 18 times in a step of a ConvMixer of depth 4, and each of them
 * keeps a place between two tensors taken for good.
 *
 * Undefined where libtorch has no function of exactly these types, which the name says: another standard library, another version.
 */
export interface TextCalls {
  gelu: TextCall | undefined;
  geluGrad: TextCall | undefined;
}

/** A reference to a constant tensor, its like once more, a text, and a reference to a tensor, as the names of functions spell them. */
const [tensor, another, view, result] = [
  ...['RKNS_6TensorE', 'S4_', 'St17basic_string_viewIcSt11char_traitsIcEE', 'RS2_'],
];
/** A tensor is a pointer, a text two words in registers: all that is passed are addresses and a length. */
const names: Record<keyof TextCalls, [symbol: string, words: number]> = {
  gelu: [`_ZN2at4_ops8gelu_out4callE${tensor}${view}${result}`, 4],
  geluGrad: [`_ZN2at4_ops24gelu_backward_grad_input4callE${tensor}${another}${view}${result}`, 5],
};

/** Finds them in libtorch. */
export function textCalls(torch: LibraryHandle): TextCalls {
  const find = ([symbol, words]: [string, number]) => {
    try {
      return torch.func(symbol, 'uint64', new Array<string>(words).fill('uint64')) as TextCall;
    } catch {
      return undefined;
    }
  };
  return { gelu: find(names.gelu), geluGrad: find(names.geluGrad) };
}
