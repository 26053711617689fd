import HDF5Protocol
import TensorModel

/// An attribute as it is written: type, dimensions, and elements.
struct HDF5OutputAttribute {
  /// The elements: bytes, or strings that lie in a heap.
  enum Value {
    case bytes([UInt8])
    case strings(MetadataStrings)
  }

  let type: HDF5Datatype
  let shape: [Int]
  let value: Value

  /// What elements may take: messages are counted in 16 bits, with the name, the type and the dimensions.
  private static let mostBytes = 60_000

  /// - Returns: nil where an attribute can't hold the value: one that is too large, strings with a NUL, arrays in arrays.
  init?(_ value: MetadataValue) {
    switch value {
    case .number(let number):
      var bytes: [UInt8] = []
      bytes.append(number)
      self.init(number.type, [], bytes)
    case .string(let text):
      guard !text.contains(0) else { return nil }
      var strings = MetadataStrings()
      strings.append(text)
      self.init(.string(byteCount: nil, .terminated), [], .strings(strings))
    case .array(let array):
      switch array.elements {
      case .numbers(let type, let bytes):
        guard bytes.count <= Self.mostBytes else { return nil }
        self.init(type, array.shape, bytes)
      case .strings(let strings): self.init(strings, array.shape)
      case .arrays: return nil
      }
    }
    guard shape.count <= HDF5Limits.rank else { return nil }
  }

  /// Strings of any length; of one length where there are so many that their references would not fit.
  private init?(_ strings: MetadataStrings, _ shape: [Int]) {
    guard !(0..<strings.count).contains(where: { strings[$0].contains(0) }) else { return nil }
    let ofAnyLength = HDF5Datatype.string(byteCount: nil, .terminated)
    guard strings.count * ofAnyLength.byteCount > Self.mostBytes else {
      self.init(ofAnyLength, shape, .strings(strings))
      return
    }
    let longest = max(1, (0..<strings.count).lazy.map { strings[$0].count }.max() ?? 0)
    guard strings.count <= Self.mostBytes / longest else { return nil }
    var bytes: [UInt8] = []
    for index in 0..<strings.count {
      bytes += strings[index]
      bytes += [UInt8](repeating: 0, count: longest - strings[index].count)
    }
    self.init(.string(byteCount: longest, .nuls), shape, .bytes(bytes))
  }

  private init(_ type: MetadataNumber.NumberType, _ shape: [Int], _ bytes: [UInt8]) {
    // Every type of metadata is one of HDF5's.
    self.init(DType(metadata: type).hdf5Type()!, shape, .bytes(bytes))
  }

  private init(_ type: HDF5Datatype, _ shape: [Int], _ value: Value) {
    self.type = type
    self.shape = shape
    self.value = value
  }

  /// The strings that lie in a heap.
  var heapStrings: MetadataStrings? { if case .strings(let strings) = value { strings } else { nil } }
}
