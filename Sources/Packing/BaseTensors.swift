import Containers
import Synchronization
package import TensorModel

/// The tensors of a base that the entries of a packed file are differences from.
final class BaseTensors: Sendable {
  let model: BaseModel
  /// Bytes of the tensors that are differences, aliases of them included.
  let byteCount: Int
  /// Per entry, the number of its base tensor.
  private let numbers: [Int?]
  /// Per entry, whether its base tensor has the hash that was recorded, once that was asked.
  private let proofs: Mutex<[Int: Bool]>

  /// - Throws: `wrongBase` where the base has no tensor that an entry needs.
  init(_ model: BaseModel, of index: PackedIndex) throws(ModelError) {
    var numbers: [Int?] = []
    for entry in index.entries {
      guard let base = entry.base else {
        numbers.append(nil)
        continue
      }
      guard let number = model.tensor(base.name, base.dtype, entry.info.shape) else {
        let mismatch = model.mismatch(base.name, base.dtype, entry.info.shape)
        throw model.isNotTheBase(mismatch, recorded: index.baseName).inside("tensor '\(entry.info.name)'")
      }
      numbers.append(number)
    }
    self.model = model
    byteCount = index.entries.reduce(0) { index.entries[$1.holder].base == nil ? $0 : $0 + $1.info.byteCount }
    self.numbers = numbers
    proofs = Mutex([:])
  }

  /// The number of an entry's base tensor.
  func number(of entry: Int) -> Int {
    guard let number = numbers[entry] else { preconditionFailure("entry \(entry) is no difference") }
    return number
  }

  /// Whether the base tensor of an entry is what it was when that was packed. Reads all of it, once.
  func isProved(_ entry: Int, hash: UInt64, _ session: BaseSession) throws(ModelError) -> Bool {
    if let known = proofs.withLock({ $0[entry] }) { return known }
    let isProved = try session.hash(of: number(of: entry)) == hash
    proofs.withLock { $0[entry] = isProved }
    return isProved
  }
}

extension PackedFile {
  /// Demands the base, where one is needed.
  /// - Throws: `missing`, which says what the base was called.
  package func demandBase() throws(ModelError) {
    if base == nil, let failure = missingBase { throw failure }
  }

  /// What to say where the base is needed and was not given; nil where none is needed.
  var missingBase: ModelError? {
    baseName.map {
      ModelError(
        .missing, "is stored as the difference from '\($0)', which was not given", hint: "--base names that model")
    }
  }
}
