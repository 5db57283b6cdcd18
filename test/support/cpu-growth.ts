/**
 * How many times more CPU time a work of four times the size takes, told by the faster of a few runs of each: about 4
 * where time grows with the size, about 16 where it grows with its square. Says so on the console.
 */
export async function growthOfCpu(title: string, size: number, work: (size: number) => unknown): Promise<number> {
  await work(size);
  const small = Math.min(await cpuOf(work, size), await cpuOf(work, size), await cpuOf(work, size));
  const large = Math.min(await cpuOf(work, 4 * size), await cpuOf(work, 4 * size));
  const growth = large / small;
  console.info(
    `${title}: ${small.toFixed(0)} ms, of four times the size ${large.toFixed(0)} ms (x${growth.toFixed(1)})`,
  );
  return growth;
}

/** CPU ms of this process for one run. */
async function cpuOf(work: (size: number) => unknown, size: number): Promise<number> {
  const before = process.cpuUsage();
  await work(size);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
