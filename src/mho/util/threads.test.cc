// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/threads.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace mho {
namespace {

TEST(ParallelFor, RunsEveryIndexOnceWithAValidWorker) {
    for (const size_t threads : {0u, 1u, 2u, 3u, 8u}) {
        for (const size_t count : {0u, 1u, 2u, 7u, 1000u}) {
            std::vector<std::atomic<int>> calls(count);
            std::atomic<size_t> highest_worker{0};
            parallel_for(threads, count, [&](size_t i, size_t worker) {
                calls[i]++;
                size_t seen = highest_worker;
                while (worker > seen && !highest_worker.compare_exchange_weak(seen, worker)) {
                }
            });
            for (const auto& c : calls) {
                ASSERT_EQ(c, 1);
            }
            if (count > 0) {
                EXPECT_LT(highest_worker, std::min(std::max<size_t>(threads, 1), count));
            }
        }
    }
}

TEST(ParallelFor, AWorkerRunsOneIndexAtATime) {
    std::vector<std::atomic<int>> busy(4);
    std::atomic<bool> shared{false};
    parallel_for(4, 500, [&](size_t, size_t worker) {
        if (busy[worker].fetch_add(1) != 0) {
            shared = true;
        }
        busy[worker]--;
    });
    EXPECT_FALSE(shared);
}

TEST(ParallelFor, RethrowsAfterAllHaveStopped) {
    for (const size_t threads : {1u, 4u}) {
        std::atomic<int> running{0};
        try {
            parallel_for(threads, 100, [&](size_t i, size_t) {
                running++;
                const bool bad = i == 17;
                running--;
                if (bad) {
                    throw std::out_of_range("index 17");
                }
            });
            FAIL() << "no exception";
        } catch (const std::out_of_range& e) {
            EXPECT_STREQ(e.what(), "index 17");
        }
        EXPECT_EQ(running, 0);
    }
    // And works again afterwards.
    std::atomic<int> calls{0};
    parallel_for(4, 10, [&](size_t, size_t) { calls++; });
    EXPECT_EQ(calls, 10);
}

TEST(ParallelFor, Nests) {
    std::atomic<int> calls{0};
    parallel_for(2, 5, [&](size_t, size_t) {
        parallel_for(2, 7, [&](size_t, size_t worker) {
            EXPECT_LT(worker, 2u);
            calls++;
        });
    });
    EXPECT_EQ(calls, 35);
}

TEST(ParallelFor, SurvivesAnAbsurdNumberOfThreads) {
    std::atomic<size_t> calls{0};
    parallel_for(1000000000, 5000, [&](size_t, size_t) { calls++; });
    EXPECT_EQ(calls, 5000u);
}

TEST(AvailableThreads, IsAtLeastOne) {
    EXPECT_GE(available_threads(), 1u);
}

TEST(AvailableThreads, FollowsTheEnvironment) {
    const char* wanted = std::getenv("OMP_NUM_THREADS");
    if (wanted != nullptr) {
        EXPECT_EQ(std::to_string(available_threads()), wanted);
    } else {
        EXPECT_EQ(available_threads(), static_cast<size_t>(omp_get_num_procs()));
    }
}

}  // namespace
}  // namespace mho
