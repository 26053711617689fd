import CHDF5
import HDF5Protocol
import TensorModel

/// Walks a file's groups and sends what they hold, each object once, in an order that the file alone gives: the links of a
/// group by their creation where the group keeps that, else by their names.
///
/// Soft and external links are reported, never followed.
struct TreeWalk {
  private let channel: Channel
  private let file: RawFile
  /// The path under which each object was met first, by the address of its header.
  private var paths: [UInt64: [UInt8]] = [:]
  private var attributes = AttributeReader()
  private var linksLeft = HDF5Limits.links

  init(_ channel: Channel, _ file: RawFile) {
    self.channel = channel
    self.file = file
  }

  /// Sends the catalogue of an open file.
  mutating func run(_ file: hid_t) throws(HDF5Failure) {
    let root = try Identifier(
      unsafe H5Oopen(file, "/", tare_native_default()), "the root group"
    ) { H5Oclose($0) }
    paths[try address(root.value)] = []
    try visit(root.value, path: [], depth: HDF5Limits.depth)
    channel.send(.end, [])
  }

  /// Sends an object and, of a group, all that lies in it.
  private mutating func visit(_ object: hid_t, path: [UInt8], depth: Int) throws(HDF5Failure) {
    guard depth > 0 else {
      throw HDF5Failure(.unsupported, "groups in each other more than \(HDF5Limits.depth) deep", path: path)
    }
    do throws(HDF5Failure) {
      switch H5Iget_type(object) {
      case H5I_GROUP: try send(object, path, .group)
      case H5I_DATASET: try sendDataset(object, path)
      case H5I_DATATYPE: return try send(object, path, .namedType)
      default: throw HDF5Failure(.malformed, "an object of no known kind")
      }
    } catch {
      throw HDF5Failure(error.code, error.message, path: path)
    }
    if H5Iget_type(object) == H5I_GROUP { try visitLinks(object, path: path, depth: depth) }
  }

  private mutating func send(_ object: hid_t, _ path: [UInt8], _ kind: HDF5Object.Kind) throws(HDF5Failure) {
    let described = HDF5Object(
      path: path, address: try address(object), kind: kind, attributes: try attributes.read(object))
    var writer = ByteWriter()
    described.write(to: &writer)
    guard writer.bytes.count <= HDF5Limits.frameBytes else {
      throw HDF5Failure(.unsupported, "an object whose header has \(writer.bytes.count) bytes")
    }
    channel.send(.object, writer.bytes)
  }

  private mutating func sendDataset(_ object: hid_t, _ path: [UInt8]) throws(HDF5Failure) {
    let dataset = try DatasetReader.describe(object)
    try send(object, path, .dataset(dataset))
    guard case .chunked(let layout) = dataset.layout, case .simple(let shape) = dataset.space else { return }
    let lister = try ChunkLister(object, header: try address(object), shape: shape, chunk: layout.shape, file)
    try lister.list { [channel] in channel.send(.chunks, $0) }
  }

  private func address(_ object: hid_t) throws(HDF5Failure) -> UInt64 {
    var address: haddr_t = 0
    try demand(unsafe tare_object_address(object, &address), "an object's header")
    return UInt64(address)
  }

  // MARK: Links

  private struct Link {
    var name: [UInt8]
    var kind: Int32
  }

  private struct Links {
    var all: [Link] = []
    var left: Int
  }

  private mutating func visitLinks(_ group: hid_t, path: [UInt8], depth: Int) throws(HDF5Failure) {
    for link in try links(of: group, path) {
      let linkPath = path.isEmpty ? link.name : path + [UInt8(ascii: "/")] + link.name
      guard link.kind == H5L_TYPE_HARD.rawValue else {
        send(HDF5Link(path: linkPath, target: try target(of: link, in: group, linkPath)))
        continue
      }
      let object = try open(link, in: group, linkPath)
      let address = try address(object.value)
      if let other = paths[address] {
        send(HDF5Link(path: linkPath, target: .same(other)))
        continue
      }
      paths[address] = linkPath
      try visit(object.value, path: linkPath, depth: depth - 1)
    }
  }

  private mutating func links(of group: hid_t, _ path: [UInt8]) throws(HDF5Failure) -> [Link] {
    var links = Links(left: linksLeft)
    let status = unsafe withUnsafeMutablePointer(to: &links) { links in
      unsafe tare_visit_links(group, isCreationKept(group) ? 1 : 0, { unsafe Self.add($0, $1, $2) }, links)
    }
    guard links.left >= 0 else {
      throw HDF5Failure(.unsupported, "groups hold more than \(HDF5Limits.links) links", path: path)
    }
    guard status >= 0 else { throw HDF5Failure("the links of a group", path: path) }
    linksLeft = links.left
    return links.all
  }

  private static func add(
    _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?, _ kind: Int32
  ) -> herr_t {
    guard let context = unsafe context, let name = unsafe name else { return -1 }
    let links = unsafe context.assumingMemoryBound(to: Links.self)
    unsafe links.pointee.left -= 1
    guard unsafe links.pointee.left >= 0 else { return -1 }
    unsafe links.pointee.all.append(Link(name: bytes(of: name), kind: kind))
    return 0
  }

  private func isCreationKept(_ group: hid_t) -> Bool {
    let list = H5Gget_create_plist(group)
    guard list >= 0 else { return false }
    defer { H5Pclose(list) }
    var flags: UInt32 = 0
    let status = unsafe H5Pget_link_creation_order(list, &flags)
    return status >= 0 && flags & UInt32(H5P_CRT_ORDER_TRACKED) != 0
  }

  private func open(_ link: Link, in group: hid_t, _ path: [UInt8]) throws(HDF5Failure) -> Identifier {
    do throws(HDF5Failure) {
      // The library would take it for a path, and open what lies elsewhere.
      guard !link.name.isEmpty, link.name != [UInt8(ascii: ".")], !link.name.contains(UInt8(ascii: "/")) else {
        throw HDF5Failure(.malformed, "a link whose name is no name, but a path")
      }
      return try Identifier(
        unsafe link.name.withCString { unsafe H5Oopen(group, $0, tare_native_default()) }, "cannot be opened"
      ) { H5Oclose($0) }
    } catch {
      throw HDF5Failure(error.code, error.message, path: path)
    }
  }

  private func target(of link: Link, in group: hid_t, _ path: [UInt8]) throws(HDF5Failure) -> HDF5Link.Target {
    guard link.kind == H5L_TYPE_SOFT.rawValue || link.kind == H5L_TYPE_EXTERNAL.rawValue else {
      return .userDefined(Int(link.kind))
    }
    do throws(HDF5Failure) {
      let value = try value(of: link, in: group)
      guard link.kind == H5L_TYPE_EXTERNAL.rawValue else { return .soft(Array(value.prefix { $0 != 0 })) }
      // A byte of flags, the file, and the path in it, each with a NUL behind it.
      let parts = value.dropFirst().split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count >= 2 else { throw HDF5Failure(.malformed, "an external link") }
      return .external(file: Array(parts[0]), path: Array(parts[1]))
    } catch {
      throw HDF5Failure(error.code, error.message, path: path)
    }
  }

  private func value(of link: Link, in group: hid_t) throws(HDF5Failure) -> [UInt8] {
    var size = 0
    try demand(unsafe link.name.withCString { unsafe tare_link_size(group, $0, &size) }, "a link")
    guard size <= 1 << 16 else { throw HDF5Failure(.malformed, "a link of \(size) bytes") }
    var value = [UInt8](repeating: 0, count: size)
    let status = unsafe value.withUnsafeMutableBytes { value in
      unsafe link.name.withCString {
        unsafe H5Lget_val(group, $0, value.baseAddress, value.count, tare_native_default())
      }
    }
    try demand(status, "a link")
    return value
  }

  private func send(_ link: HDF5Link) {
    var writer = ByteWriter()
    link.write(to: &writer)
    channel.send(.link, writer.bytes)
  }
}
