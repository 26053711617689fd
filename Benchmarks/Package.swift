// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "tare", path: "..")],
  targets: [
    .executableTarget(
      name: "TareBenchmarks",
      dependencies: [.product(name: "Tare", package: "tare"), .product(name: "TareKernels", package: "tare")],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
