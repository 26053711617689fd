import CHDF5
import HDF5Protocol

/// Reads the attributes of objects, within what all of a file may have.
struct AttributeReader {
  private var bytesLeft = HDF5Limits.attributeBytesTogether

  /// The attributes of an object by their names.
  mutating func read(_ object: hid_t) throws(HDF5Failure) -> [HDF5Attribute] {
    var names = Names()
    let status = unsafe withUnsafeMutablePointer(to: &names) { names in
      unsafe H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nil, { unsafe Names.add($1, to: $3) }, names)
    }
    try demand(status, "the attributes")
    var attributes: [HDF5Attribute] = []
    for name in names.all { attributes.append(try read(object, name)) }
    return attributes
  }

  private struct Names {
    var all: [[UInt8]] = []

    static func add(_ name: UnsafePointer<CChar>?, to context: UnsafeMutableRawPointer?) -> herr_t {
      guard let name = unsafe name, let context = unsafe context else { return -1 }
      unsafe context.assumingMemoryBound(to: Names.self).pointee.all.append(bytes(of: name))
      return 0
    }
  }

  private mutating func read(_ object: hid_t, _ name: [UInt8]) throws(HDF5Failure) -> HDF5Attribute {
    let what = "attribute '\(String(decoding: name, as: UTF8.self))'"
    let attribute = try Identifier(
      unsafe name.withCString { unsafe H5Aopen(object, $0, tare_native_default()) }, what
    ) { H5Aclose($0) }
    let type = try Identifier(H5Aget_type(attribute.value), what) { H5Tclose($0) }
    let space = try Identifier(H5Aget_space(attribute.value), what) { H5Sclose($0) }
    let (described, extent) = (try TypeReader.describe(type.value), try SpaceReader.describe(space.value))
    return HDF5Attribute(
      name: name, type: described, space: extent,
      value: try value(attribute.value, type.value, described, extent, what))
  }

  private mutating func value(
    _ attribute: hid_t, _ type: hid_t, _ described: HDF5Datatype, _ space: HDF5Space, _ what: String
  ) throws(HDF5Failure) -> HDF5Attribute.Value {
    guard let count = space.elementCount, count <= HDF5Limits.attributeBytes / described.byteCount else {
      throw tooLarge(what)
    }
    if case .string(nil, _) = described { return .strings(try strings(attribute, type, count, what)) }
    if described.pointsElsewhere { return .unread("elements that lie elsewhere") }
    var bytes = [UInt8](repeating: 0, count: count * described.byteCount)
    try take(bytes.count, what)
    if bytes.isEmpty { return .bytes([]) }
    // In the file's own type, so that nothing is converted.
    try demand(unsafe bytes.withUnsafeMutableBytes { unsafe H5Aread(attribute, type, $0.baseAddress) }, what)
    return .bytes(bytes)
  }

  private mutating func strings(
    _ attribute: hid_t, _ type: hid_t, _ count: Int, _ what: String
  ) throws(HDF5Failure) -> [[UInt8]] {
    guard count > 0 else { return [] }
    let space = try Identifier(H5Aget_space(attribute), what) { H5Sclose($0) }
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    try demand(
      unsafe pointers.withUnsafeMutableBytes { unsafe H5Aread(attribute, type, $0.baseAddress) }, what)
    let strings = unsafe pointers.map { unsafe $0.map { unsafe bytes(of: $0) } ?? [] }
    _ = unsafe pointers.withUnsafeMutableBytes {
      unsafe H5Dvlen_reclaim(type, space.value, tare_native_default(), $0.baseAddress)
    }
    try take(strings.reduce(0) { $0 + $1.count }, what)
    return strings
  }

  private mutating func take(_ count: Int, _ what: String) throws(HDF5Failure) {
    guard count <= HDF5Limits.attributeBytes else { throw tooLarge(what) }
    bytesLeft -= count
    guard bytesLeft >= 0 else {
      throw HDF5Failure(
        .unsupported, "up to \(what), attributes have more than \(HDF5Limits.attributeBytesTogether) bytes")
    }
  }

  private func tooLarge(_ what: String) -> HDF5Failure {
    HDF5Failure(.unsupported, "\(what) has more than \(HDF5Limits.attributeBytes) bytes")
  }
}

extension HDF5Datatype {
  /// Whether elements hold places of what lies elsewhere in the file, or mean nothing outside of it.
  var pointsElsewhere: Bool {
    switch self {
    case .integer, .float, .bitfield, .opaque, .other: false
    case .string(let count, _): count == nil
    case .enumeration(let element, _), .array(_, let element): element.pointsElsewhere
    case .compound(_, let members): members.contains { $0.type.pointsElsewhere }
    case .variableLength, .reference: true
    }
  }
}
