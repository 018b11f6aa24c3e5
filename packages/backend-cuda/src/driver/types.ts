/** What is known of one GPU. */
export interface DeviceInfo {
  /** Its number, as in 'cuda:0'; `CUDA_VISIBLE_DEVICES` decides which GPUs are counted. */
  index: number;
  /** As NVIDIA names it, such as 'NVIDIA H100 80GB HBM3'. */
  name: string;
  /** All of its memory, in bytes. */
  memoryBytes: number;
  /** Such as '9.0'. */
  computeCapability: string;
  /** Version of NVIDIA's driver, such as '580.65.06'; null when nothing tells it. */
  driver: string | null;
  /** The newest CUDA the driver runs, such as '13.0'. */
  cuda: string;
}

/** NVIDIA's driver on this machine. */
export interface Driver {
  /** Such as '580.65.06'; null when nothing tells it. */
  version: string | null;
  /** The newest CUDA it runs, such as '13.0'. */
  cuda: string;
  devices: readonly DeviceInfo[];
  /** Whether this process computes on a GPU already. */
  isActive(index: number): boolean;
  /** Bytes of a GPU that nobody uses, and all of them; the process must compute on it, or else begins to. */
  memory(index: number): { freeBytes: number; totalBytes: number };
}
