// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/step_lock.h"

#include <QtTest>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

using sy::generate::StepLock;
using namespace std::chrono_literals;

class TestStepLock : public QObject {
    Q_OBJECT

private slots:
    void longWorkGivesWayToWhoeverWaits()
    {
        StepLock lock;
        std::atomic<bool> isServed = false, isHeld = false;
        std::optional<StepLock::Turn> turn(lock);
        isHeld = true;
        std::jthread waiter([&] {
            const StepLock::Turn its(lock);
            isHeld = false;
            isServed = true;
        });
        while (!isServed) // for ever, if the turn were never given away
            turn->pass(10s);
        QVERIFY(!isHeld);
    }

    void longWorkGivesWayToAShortTurn()
    {
        StepLock lock;
        std::atomic<bool> isServed = false;
        StepLock::Turn turn(lock);
        std::jthread waiter([&] {
            const StepLock::ShortTurn its(lock);
            isServed = true;
        });
        while (!isServed) // for ever, if short turns were not heard of
            turn.pass(10s);
    }

    void passingWithoutWaitersKeepsTheTurn()
    {
        StepLock lock;
        StepLock::Turn turn(lock);
        for (int i = 0; i < 100000; ++i)
            turn.pass(10s);
        QVERIFY(lock.isContended());
    }

    void aShortTurnIsNoContentionAndHearsOfWaiters()
    {
        StepLock lock;
        std::atomic<bool> isServed = false;
        std::jthread waiter;
        {
            const StepLock::ShortTurn turn(lock);
            QVERIFY(!lock.isContended());
            waiter = std::jthread([&] {
                const StepLock::Turn its(lock);
                isServed = true;
            });
            while (!lock.isContended()) {} // for ever, if the waiter did not count
            QVERIFY(!isServed);
        }
        waiter.join();
        QVERIFY(isServed && !lock.isContended());
    }

    // Two kinds of work alternate, and one never runs inside the other.
    void nobodyRunsBesideTheHolder()
    {
        StepLock lock;
        std::atomic<int> nInside = 0, nTurns = 0;
        std::atomic<bool> isBroken = false;
        const auto work = [&] {
            isBroken = isBroken || ++nInside != 1;
            std::this_thread::yield();
            --nInside;
        };
        {
            std::vector<std::jthread> others;
            for (int i = 0; i < 2; ++i) {
                others.emplace_back([&] {
                    for (int j = 0; j < 200; ++j) {
                        const StepLock::Turn turn(lock);
                        work();
                        ++nTurns;
                    }
                });
            }
            StepLock::Turn turn(lock);
            while (nTurns < 400) {
                work();
                turn.pass(3ms);
            }
        }
        QVERIFY(!isBroken);
    }
};

QTEST_APPLESS_MAIN(TestStepLock)
#include "tst_step_lock.moc"
