// Everything that a program needs, in one include.
//
// Threads: each header says.   Ownership: each header says.   Failure: each header says.
#pragma once

#include "moldau/awaitable.h"
#include "moldau/base/clock.h"
#include "moldau/base/executor.h"
#include "moldau/base/host_executor.h"
#include "moldau/base/log_sink.h"
#include "moldau/broker.h"
#include "moldau/consumer.h"
#include "moldau/consumer_records.h"
#include "moldau/error.h"
#include "moldau/fetched_records.h"
#include "moldau/metrics.h"
#include "moldau/offline.h"
#include "moldau/partition.h"
#include "moldau/partitioner.h"
#include "moldau/producer.h"
#include "moldau/queue.h"
#include "moldau/receipt.h"
#include "moldau/record.h"
#include "moldau/topic.h"
#include "moldau/types.h"
#include "moldau/version.h"
