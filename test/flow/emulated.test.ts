import { startEmulatedCluster } from "./cluster.ts";
import { describeFlow } from "./flow-suite.ts";

describeFlow("the emulated API server", startEmulatedCluster);
