/** Amounts of what is in use. Pure. */
export interface Usage {
  vcpus: number;
  /** Nova's MB: 1 MB = 1 MiB. */
  ramMb: number;
}

export const noUsage = (): Usage => ({ vcpus: 0, ramMb: 0 });

/** Adds to `sum` in place. */
export function addUsage(sum: Usage, { vcpus, ramMb }: Usage): void {
  sum.vcpus += vcpus;
  sum.ramMb += ramMb;
}
