import ByteStore
package import Containers
package import TensorModel

/// One worker's way to the bytes of a source's files, with whatever buffers that takes.
package final class PackSourceSession {
  private let source: PackSource
  private let buffer = ReadBuffer()
  /// Of the models behind images, by identity.
  private var sessions: [ObjectIdentifier: any TensorSession] = [:]
  /// Of packed folders, by identity.
  private var readers: [ObjectIdentifier: PackedFileReader] = [:]

  package init(_ source: PackSource) { self.source = source }

  /// Lends a range of a file's bytes. Of an image, it lies in the header or in one tensor.
  package func withBytes<Result>(
    of file: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    switch source.files[file].content {
    case .safetensors(let file): return try file.map.withBytes(range, through: buffer, body)
    case .gguf(let file): return try file.map.withBytes(range, through: buffer, body)
    case .hdf5(let file): return try file.map.withBytes(range, through: buffer, body)
    case .image(let image):
      return try within(image.model.path) { () throws(ModelError) in
        try image.withBytes(range, session(of: image.model), body)
      }
    case .bytes(let bytes): return try body(unsafe bytes.span.bytes.extracting(range))
    case .packed(let packed, let number): return try reader(of: packed).withBytes(of: number, range, body)
    case .opaque(let path):
      return try within(path) { () throws(ModelError) in
        let map = try MappedFile(path: path)
        guard map.byteCount == source.files[file].byteCount else {
          throw ModelError(.inputOutput, "changed while it was read")
        }
        return try map.withBytes(range, through: buffer, body)
      }
    }
  }

  /// Gives back the memory of a range that was read.
  package func release(of file: Int, _ range: Range<Int>) {
    switch source.files[file].content {
    case .safetensors(let file): file.map.release(range)
    case .gguf(let file): file.map.release(range)
    case .hdf5(let file): file.map.release(range)
    case .image(let image): image.release(range, session(of: image.model))
    case .opaque, .bytes, .packed: break
    }
  }

  /// The session of a model behind an image.
  package func session(of model: any ContainerReader) -> any TensorSession {
    let key = ObjectIdentifier(model)
    if let session = sessions[key] { return session }
    let session = model.makeSession()
    sessions[key] = session
    return session
  }

  private func reader(of packed: PackedFile) -> PackedFileReader {
    let key = ObjectIdentifier(packed)
    if let reader = readers[key] { return reader }
    let reader = PackedFileReader(packed)
    readers[key] = reader
    return reader
  }
}
