package import TensorModel

/// Why a request could not be met.
package struct HDF5Failure: Error, Hashable, Sendable {
  package enum Code: UInt8, Sendable {
    case malformed, unsupported
  }

  package var code: Code
  /// The object at fault, from the root; empty where it is the file.
  package var path: [UInt8]
  package var message: String

  package init(_ code: Code, _ message: String, path: [UInt8] = []) {
    self.code = code
    self.path = path
    self.message = message
  }

  package func write(to writer: inout ByteWriter) {
    writer.byte(code.rawValue)
    writer.text(path)
    writer.string(message)
  }

  package init(_ cursor: inout ByteCursor) throws(ModelError) {
    let start = cursor.offset
    guard let code = Code(rawValue: try cursor.byte("a code")) else {
      throw ModelError(.malformed, "a kind of failure", at: start)
    }
    self.code = code
    path = try cursor.text("a path")
    message = try cursor.string("a message")
    try cursor.end(of: "a failure")
  }
}

/// What the helper says first.
package struct HDF5Hello: Hashable, Sendable {
  package static let magic = Array("tare-hdf5".utf8)

  package var version: Int
  /// libhdf5's own version.
  package var library: String

  package init(version: Int, library: String) {
    self.version = version
    self.library = library
  }

  package func write(to writer: inout ByteWriter) {
    writer.text(Self.magic)
    writer.varint(version)
    writer.string(library)
  }

  package init(_ cursor: inout ByteCursor) throws(ModelError) {
    guard try cursor.text("its name") == Self.magic else { throw ModelError(.malformed, "another name") }
    version = try cursor.varint("its version")
    library = try cursor.string("the library's version")
  }
}

/// Which chunk of which dataset is to be decoded.
package struct HDF5ChunkRequest: Hashable, Sendable {
  package var path: [UInt8]
  /// The first element of the chunk.
  package var start: [Int]
  /// Its elements that lie in the dataset.
  package var count: [Int]

  package init(path: [UInt8], start: [Int], count: [Int]) {
    self.path = path
    self.start = start
    self.count = count
  }

  package func write(to writer: inout ByteWriter) {
    writer.text(path)
    writer.list(start)
    writer.list(count)
  }

  package init(_ cursor: inout ByteCursor) throws(ModelError) {
    path = try cursor.text("a path")
    start = try cursor.list("a place")
    count = try cursor.list("a shape")
    try cursor.end(of: "a request")
  }
}
