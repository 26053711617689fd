import Glibc

/// The best of several runs, in seconds: what the machine can do, not what else it was doing.
///
/// With TARE_BENCH_CLOCK=cpu, processor time is counted rather than time: for one thread on a machine that is not idle.
func best(of runs: Int = 5, _ body: () throws -> Void) rethrows -> Double {
  var best = Double.infinity
  for _ in 0..<runs {
    let start = seconds()
    try body()
    best = min(best, seconds() - start)
  }
  return best
}

private let countsProcessorTime = getenv("TARE_BENCH_CLOCK").map { String(cString: $0) } == "cpu"
private let clock = countsProcessorTime ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC

private func seconds() -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Bytes a second that `memcpy` moves from 256 MiB to 256 MiB, both touched: the unit of all other figures.
func measureMemcpy() -> Double {
  let count = 256 << 20
  let source = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096)
  let target = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096)
  defer {
    source.deallocate()
    target.deallocate()
  }
  // Words that differ: of a block that is one byte all over, the compiler makes copying a `memset`, twice as fast.
  for word in 0..<count / 8 {
    source.storeBytes(of: UInt64(word) &* 0x9E37_79B9_7F4A_7C15, toByteOffset: 8 &* word, as: UInt64.self)
  }
  target.initializeMemory(as: UInt8.self, repeating: 2, count: count)
  return Double(count) / best { target.copyMemory(from: source, byteCount: count) }
}
