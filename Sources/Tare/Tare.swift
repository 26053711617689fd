@_exported public import ByteStore
@_exported public import Containers
@_exported public import Encodings
@_exported public import Export
@_exported public import Inspection
@_exported public import Packing
@_exported public import TensorModel
@_exported public import Verification
