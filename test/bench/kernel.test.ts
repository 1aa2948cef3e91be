import { expect } from 'chai';
import { cpuSeconds, parseCpuSeconds, parsePeakRss, peakRssMb } from '../../bench/kernel.js';

describe('bench: what the kernel tells', () => {
  it('reads the peak of the memory in MB of 1,000,000 bytes', () => {
    expect(parsePeakRss('Name:\tnode\nVmPeak:\t  900000 kB\nVmHWM:\t  125000 kB\nVmRSS:\t   90000 kB\n')).to.equal(128);
    expect(parsePeakRss('Name:\tnode\n')).to.equal(null);
  });

  it('reads user and system time, whatever the name of the process', () => {
    const rest = 'S 1 2 3 0 -1 4194560 11 0 0 0 250 50 0 0 20 0 11 0 100';
    expect(parseCpuSeconds(`42 (node) ${rest}`)).to.equal(3);
    expect(parseCpuSeconds(`42 (a ) b) ${rest}`)).to.equal(3);
    expect(parseCpuSeconds('')).to.equal(null);
  });

  it('knows nothing of a process that is not there', async () => {
    expect(await peakRssMb(0)).to.equal(null);
    expect(await cpuSeconds(0)).to.equal(null);
  });
});
