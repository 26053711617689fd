import HDF5Protocol
import TensorModel

/// What the helper says of a file, as it says it: nothing here is proved.
struct HDF5Catalogue {
  struct Entry {
    var object: HDF5Object
    /// Of a chunked dataset.
    var chunks: [HDF5Chunk] = []
  }

  private(set) var objects: [Entry] = []
  private(set) var links: [HDF5Link] = []

  /// Takes the next frame.
  /// - Throws: `malformed` where it has no place here.
  mutating func take(_ kind: HDF5Frame, _ payload: [UInt8]) throws(ModelError) {
    var cursor = unsafe ByteCursor(payload.span.bytes)
    switch kind {
    case .object: objects.append(Entry(object: try HDF5Object(&cursor)))
    case .link: links.append(try HDF5Link(&cursor))
    case .chunks:
      guard !objects.isEmpty, payload.count % HDF5Chunk.wireBytes == 0 else {
        throw ModelError(.malformed, "chunks of no dataset")
      }
      while cursor.remaining > 0 { objects[objects.count - 1].chunks.append(try HDF5Chunk(&cursor)) }
    default: throw ModelError(.malformed, "a frame of kind \(kind) in a catalogue")
    }
  }
}

extension HDF5Catalogue {
  /// The same of a file that lies `distance` bytes behind the start of another. What then lies beyond 2^64 lies in no file.
  func moved(by distance: Int) -> HDF5Catalogue {
    guard distance > 0 else { return self }
    func moved(_ offset: UInt64) -> UInt64 {
      let (sum, overflow) = offset.addingReportingOverflow(UInt64(distance))
      return overflow ? .max : sum
    }
    var catalogue = self
    for index in objects.indices {
      for chunk in objects[index].chunks.indices {
        catalogue.objects[index].chunks[chunk].offset = moved(objects[index].chunks[chunk].offset)
      }
      guard case .dataset(var dataset) = objects[index].object.kind,
        case .contiguous(let offset?, let byteCount) = dataset.layout
      else { continue }
      dataset.layout = .contiguous(offset: moved(offset), byteCount: byteCount)
      catalogue.objects[index].object.kind = .dataset(dataset)
    }
    return catalogue
  }
}
