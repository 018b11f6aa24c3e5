/** The dtypes that live in libtorch. */
export type NativeType = 'float32' | 'int32' | 'bool';
/** Those, and the ones that kernels compute with in between. */
export type ElementType = NativeType | 'float64' | 'int64' | 'bfloat16';
export type Values = Float32Array | Int32Array | Uint8Array;

/** c10::ScalarType. */
export const codes: Record<ElementType, number> = {
  float32: 6,
  float64: 7,
  bfloat16: 15,
  int32: 3,
  int64: 4,
  bool: 11,
};
export const bytesOf: Record<NativeType, number> = { float32: 4, int32: 4, bool: 1 };

/** Room for values of a dtype. */
export function room(size: number, dtype: NativeType): Values {
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}
