import Synchronization
import Tare

/// Takes everything and keeps nothing; counts the bytes.
final class NullOutput: PositionalOutput {
  let path = "nothing"
  let freeBytes: Int? = nil
  private let written = Atomic<Int>(0)

  var byteCount: Int { written.load(ordering: .relaxed) }

  func write(_ bytes: RawSpan, at offset: Int) throws(ModelError) {
    written.wrappingAdd(bytes.byteCount, ordering: .relaxed)
  }

  func setByteCount(_ count: Int) throws(ModelError) {}
  func finish() throws(ModelError) {}
}
