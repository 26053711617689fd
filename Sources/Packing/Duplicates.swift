import Kernels
import TensorModel

/// Finds tensors that hold the same bytes as an earlier one of the same type and shape.
struct Duplicates {
  /// Two, so that bytes of two tensors can be lent at the same time.
  private let (left, right): (PackSourceSession, PackSourceSession)

  private struct Key: Hashable {
    var dtype: DType
    var shape: [Int]
    var sample: UInt64
  }

  init(_ source: PackSource) {
    (left, right) = (PackSourceSession(source), PackSourceSession(source))
  }

  /// Marks duplicates as aliases. A hash over a few samples names the candidates; the bytes decide.
  func mark(_ entries: inout [PackLayout.Entry]) throws(ModelError) {
    for index in entries.indices { entries[index].holder = index }
    var bySize: [Int: Int] = [:]
    for entry in entries where entry.role == .tensor { bySize[entry.info.byteCount, default: 0] += 1 }
    var seen: [Key: [Int]] = [:]
    for index in entries.indices {
      let entry = entries[index]
      guard entry.role == .tensor, entry.info.byteCount > 0, bySize[entry.info.byteCount, default: 0] > 1 else {
        continue
      }
      let key = Key(dtype: entry.info.dtype, shape: entry.info.shape, sample: try sample(entry))
      for candidate in seen[key, default: []] where try areEqual(entries[candidate], entry) {
        entries[index].role = .alias
        entries[index].holder = candidate
        break
      }
      // Many tensors that only look alike would be compared pairwise; a few candidates are enough.
      if entries[index].role == .tensor, seen[key, default: []].count < 4 { seen[key, default: []].append(index) }
    }
  }

  /// A hash of up to four pieces of 1 KiB.
  private func sample(_ entry: PackLayout.Entry) throws(ModelError) -> UInt64 {
    let piece = 1024
    let byteCount = entry.info.byteCount
    let step = max(piece, (byteCount - piece) / 3)
    var hash = XXH3()
    for start in stride(from: 0, to: byteCount, by: step).prefix(4) {
      try left.withBytes(of: entry, start..<min(start + piece, byteCount)) { hash.update($0) }
    }
    return hash.value
  }

  private func areEqual(_ first: PackLayout.Entry, _ second: PackLayout.Entry) throws(ModelError) -> Bool {
    var done = 0
    while done < first.info.byteCount {
      let range = done..<min(done + (1 << 20), first.info.byteCount)
      let isEqual = try left.withBytes(of: first, range) { (bytes) throws(ModelError) in
        try right.withBytes(of: second, range) { ByteCompare.areEqual(bytes, $0) }
      }
      left.release(of: first, range)
      right.release(of: second, range)
      guard isEqual else { return false }
      done = range.upperBound
    }
    return true
  }
}
