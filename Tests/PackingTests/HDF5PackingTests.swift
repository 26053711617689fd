import ByteStore
import Containers
import Foundation
import Kernels
import TensorModel
import Testing

@testable import Packing

/// HDF5 files, whose chunks are made again of their tensors.
struct HDF5PackingTests {
  static let files = ["chunked.h5", "plain.h5", "types.h5", "user_block.h5", "attributes.h5", "indices.h5"]

  /// Chunks that went through shuffle and deflate are not stored twice, nor as bytes: the tensors are read of the packed
  /// file, and so are the attributes.
  @Test(arguments: files)
  func tensorsAndAttributesAreReadOfThePackedFile(name: String) throws {
    let model = repository + "/testdata/hdf5/" + name
    let folder = try Folder()
    let file = try PackedFile(path: try folder.pack(model))
    let (before, after) = (try HDF5Model.open(path: model), try PackedModel(file))
    #expect(after.catalog.files.map(\.metadata) == before.catalog.files.map(\.metadata))
    let numbers = Dictionary(uniqueKeysWithValues: before.catalog.tensors.enumerated().map { ($1.info.name, $0) })
    let (left, right) = (before.makeSession(), after.makeSession())
    for (number, tensor) in after.catalog.tensors.enumerated() {
      let other = try #require(numbers[tensor.info.name])
      #expect(before.catalog.tensors[other].info == tensor.info)
      let whole = 0..<tensor.info.byteCount
      let isEqual = try left.withBytes(of: other, whole) { (bytes) throws(ModelError) in
        try right.withBytes(of: number, whole) { ByteCompare.areEqual(bytes, $0) }
      }
      #expect(isEqual, "\(tensor.info.name)")
    }
    try Unpacker.unpack(file, to: folder.path("again.h5"), .init(threads: 2))
    #expect(try bytes(folder.path("again.h5")) == bytes(model))
  }

  @Test func deflatedChunksAreMadeAgain() throws {
    let folder = try Folder()
    let index = try PackedFile(path: try folder.pack(repository + "/testdata/hdf5/chunked.h5")).index
    var transforms: Set<ByteTransform> = []
    var isPadded = false
    for case .recoded(_, let recoding, _, _) in index.files[0].operations {
      transforms.formUnion(recoding.transforms)
      isPadded = isPadded || recoding.isPadded
    }
    #expect(isPadded)
    #expect(transforms.contains(.fletcher32))
    #expect(transforms.contains { if case .deflate = $0 { true } else { false } })
    #expect(transforms.contains { if case .shuffle = $0 { true } else { false } })
    #expect(transforms.contains { if case .swap = $0 { true } else { false } })
  }
}
